#include "interpreted_moves.h"

static enum smelt_status lay_out(struct smelt_node *node, struct smelt_layout *layout) {
    const struct smelt_tensor *const tensor = &layout->tensor;
    SMELT_REQUIRE(node, tensor->rank <= SMELT_MOST_AXES, "more than 8 dimensions");
    SMELT_REQUIRE(node, tensor->type != SMELT_S4, "elements of half a byte");
    layout->rank = tensor->rank;
    layout->element = tensor->elements == 0 ? 0 : (int32_t)tensor->bytes / tensor->elements;
    int32_t step = layout->element;
    for (int32_t axis = SMELT_MOST_AXES - 1; axis >= 0; axis--) {
        const uint32_t at = tensor->dimensions.at + 4 * (uint32_t)axis;
        layout->size[axis] = axis < layout->rank ? (int32_t)smelt_file_word(&node->interpreter->file, at) : 1;
        layout->step[axis] = step;
        step = step == 0 ? 0 : step * layout->size[axis];
    }
    return SMELT_OK;
}

enum smelt_status smelt_input_layout(struct smelt_node *node, uint32_t index, struct smelt_layout *layout) {
    const enum smelt_status status = smelt_node_input(node, index, SMELT_ANY, &layout->tensor);
    return status != SMELT_OK ? status : lay_out(node, layout);
}

enum smelt_status smelt_output_layout(struct smelt_node *node, uint32_t index, const struct smelt_layout *like,
                                      struct smelt_layout *layout) {
    const enum smelt_status status = smelt_node_output(node, index, like->tensor.type, &layout->tensor);
    return status != SMELT_OK ? status : lay_out(node, layout);
}

enum smelt_status smelt_layouts(struct smelt_node *node, struct smelt_layout *x, struct smelt_layout *y) {
    const enum smelt_status status = smelt_input_layout(node, 0, x);
    return status != SMELT_OK ? status : smelt_output_layout(node, 0, x, y);
}

int smelt_same_sizes(const struct smelt_layout *y, int32_t at, const struct smelt_layout *x, int32_t from, int32_t count) {
    return memcmp(y->size + at, x->size + from, sizeof(int32_t) * (size_t)count) == 0;
}

int smelt_same_but(const struct smelt_layout *a, const struct smelt_layout *b, int32_t axis) {
    return a->rank == b->rank && smelt_same_sizes(a, 0, b, 0, axis) &&
           smelt_same_sizes(a, axis + 1, b, axis + 1, a->rank - axis - 1);
}

int32_t smelt_product(const struct smelt_layout *layout, int32_t from, int32_t to) {
    int32_t product = 1;
    for (int32_t axis = from; axis < to; axis++) {
        product *= layout->size[axis];
    }
    return product;
}

int32_t smelt_broadcast_step(const struct smelt_layout *x, const struct smelt_layout *y, int32_t axis) {
    const int32_t own = axis + x->rank - y->rank;
    if (own < 0) {
        return 0;
    }
    return x->size[own] == y->size[axis] ? x->step[own] : x->size[own] == 1 ? 0 : -1;
}

int smelt_alike(const struct smelt_tensor *a, const struct smelt_tensor *b) {
    const uint32_t most = 8; /* steps of float32, about 1e-6 */
    return a->zero_point == b->zero_point && a->scale_bits - b->scale_bits + most <= 2 * most;
}

void smelt_insert_axis(struct smelt_layout *layout, int32_t axis) {
    for (int32_t k = layout->rank; k > axis && k < SMELT_MOST_AXES; k--) {
        layout->size[k] = layout->size[k - 1];
        layout->step[k] = layout->step[k - 1];
    }
    layout->rank += layout->rank < SMELT_MOST_AXES;
    layout->size[axis] = 1;
}

int32_t smelt_axis_from(int32_t axis, int32_t rank) {
    const int32_t counted = axis < 0 ? axis + rank : axis;
    return counted < rank ? counted < 0 ? -1 : counted : -1;
}

int32_t smelt_numbers(struct smelt_node *node, uint32_t index, int32_t *numbers, enum smelt_status *status) {
    struct smelt_tensor tensor;
    if ((*status = smelt_node_input(node, index, SMELT_ANY, &tensor)) != SMELT_OK) {
        return -1;
    }
    const int32_t words = tensor.type == SMELT_S64 ? 2 : 1;
    if ((tensor.type != SMELT_S32 && words == 1) || tensor.elements > SMELT_MOST_NUMBERS) {
        *status = smelt_refuse(node, SMELT_MESSAGE("parameters are a few whole numbers"));
        return -1;
    }
    if (tensor.data == NULL && tensor.elements != 0) {
        return -1;
    }
    const int32_t *word = tensor.data;
    for (int32_t k = 0; k < tensor.elements; k++) {
        numbers[k] = word[0];
        if (words == 2 && word[1] != (word[0] < 0 ? -1 : 0)) {
            numbers[k] = word[1] < 0 ? INT32_MIN : INT32_MAX;
        }
        word += words;
    }
    return tensor.elements;
}

int32_t smelt_parameters(struct smelt_node *node, struct smelt_layout *x, struct smelt_layout *y, uint32_t index,
                         int32_t *numbers, enum smelt_status *status) {
    *status = smelt_layouts(node, x, y);
    return *status != SMELT_OK ? -1 : smelt_numbers(node, index, numbers, status);
}

void smelt_move(uint8_t *to, const uint8_t *from, int32_t element, const struct smelt_loop *loops, int32_t count) {
    int32_t axes[3 * SMELT_MOST_AXES] = {1, 0, 0}, *axis = axes;
    struct smelt_strided_copy_parameters parameters = {element, 0, 0, axes};
    int32_t passed_from = 0, passed_to = 0;
    for (const struct smelt_loop *loop = loops + count; loop-- != loops;) {
        if (loop->count == 0) {
            return;
        }
        if (parameters.loops == 0 && loop->from == parameters.run && loop->to == parameters.run) {
            parameters.run *= loop->count;
        } else if (loop->count > 1) {
            *axis++ = loop->count;
            *axis++ = loop->from - passed_from;
            *axis++ = loop->to - passed_to;
            passed_from += (loop->count - 1) * loop->from;
            passed_to += (loop->count - 1) * loop->to;
            parameters.loops++;
        }
    }
    parameters.loops += parameters.loops == 0;
    smelt_strided_copy(to, from, &parameters);
}

enum smelt_status smelt_move_part(struct smelt_node *node, const struct smelt_layout *x, uint32_t offset,
                                  const struct smelt_layout *y, const struct smelt_loop *loops, int32_t count) {
    if (smelt_ready(node) && y->tensor.bytes != 0) {
        smelt_move(y->tensor.data, (const uint8_t *)x->tensor.data + offset, y->element, loops, count);
    }
    return SMELT_OK;
}

void smelt_fill(const struct smelt_layout *y, const void *value) {
    uint8_t *const to = y->tensor.data;
    uint32_t done = (uint32_t)y->element;
    memcpy(to, value, done);
    while (done < y->tensor.bytes) {
        const uint32_t left = y->tensor.bytes - done, next = left < done ? left : done;
        memcpy(to + done, to, next);
        done += next;
    }
}
