/* split, split_v, and unpack, where each output is one index of the axis. */
#include "interpreted_moves.h"

enum { UNPACK_AXIS = 1 };

/* Input `index` along an axis; `sizes`, if there are any, are those of the outputs, and -1 is what is left. */
static enum smelt_status split(struct smelt_node *node, uint32_t index, int32_t axis, int32_t unpacks, const int32_t *sizes) {
    struct smelt_layout x, y;
    enum smelt_status status = smelt_input_layout(node, index, &x);
    int32_t taken = 0;
    if (status != SMELT_OK) {
        return status;
    }
    axis = smelt_axis_from(axis, x.rank);
    SMELT_REQUIRE(node, axis >= 0, "there is no such axis");
    const int32_t row = x.step[axis] * x.size[axis];
    for (uint32_t k = 0; k < node->outputs.count; k++) {
        if ((status = smelt_output_layout(node, k, &x, &y)) != SMELT_OK) {
            return status;
        }
        if (unpacks) {
            smelt_insert_axis(&y, axis);
        }
        SMELT_REQUIRE(node, smelt_same_but(&x, &y, axis) && y.size[axis] <= x.size[axis] - taken &&
                                (sizes == NULL || sizes[k] == -1 || sizes[k] == y.size[axis]),
                      "the input does not make the outputs");
        if (smelt_ready(node) && y.tensor.bytes != 0) {
            const int32_t part = y.size[axis] * x.step[axis];
            const struct smelt_loop loops[] = {{(int32_t)x.tensor.bytes / row, row, part}, {part, 1, 1}};
            smelt_move(y.tensor.data, (const uint8_t *)x.tensor.data + taken * x.step[axis], 1, loops, 2);
        }
        taken += y.size[axis];
    }
    SMELT_REQUIRE(node, taken == x.size[axis], "the input does not make the outputs");
    return SMELT_OK;
}

static enum smelt_status run_split(struct smelt_node *node) {
    enum smelt_status status;
    int32_t axis[SMELT_MOST_NUMBERS];
    const int32_t count = smelt_numbers(node, 0, axis, &status);
    if (count < 0) {
        return status;
    }
    SMELT_REQUIRE(node, count == 1, "the axis is one number");
    return split(node, 1, axis[0], 0, NULL);
}

const struct smelt_registration smelt_operator_split = {SMELT_CODE_SPLIT, SMELT_ANY, run_split};

static enum smelt_status run_split_v(struct smelt_node *node) {
    struct smelt_tensor sizes;
    int32_t axis[SMELT_MOST_NUMBERS];
    enum smelt_status status = smelt_node_input(node, 1, SMELT_S32, &sizes);
    const int32_t count = status == SMELT_OK ? smelt_numbers(node, 2, axis, &status) : -1;
    if (count < 0) {
        return status;
    }
    SMELT_REQUIRE(node, count == 1 && sizes.data != NULL && (uint32_t)sizes.elements == node->outputs.count,
                  "the axis is one number, the sizes are constants");
    return split(node, 0, axis[0], 0, sizes.data);
}

const struct smelt_registration smelt_operator_split_v = {SMELT_CODE_SPLIT_V, SMELT_ANY, run_split_v};

static enum smelt_status run_unpack(struct smelt_node *node) {
    return split(node, 0, (int32_t)smelt_file_u32(&node->interpreter->file, node->options, UNPACK_AXIS, 0), 1, NULL);
}

const struct smelt_registration smelt_operator_unpack = {SMELT_CODE_UNPACK, SMELT_ANY, run_unpack};
