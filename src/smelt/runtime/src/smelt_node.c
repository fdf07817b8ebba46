#include "smelt_node.h"

#include "smelt_nibble.h"
#include "smelt_records.h"

enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO_POINT = 3 };
enum { TENSOR_SHAPE = 0, TENSOR_TYPE = 1, TENSOR_QUANTIZATION = 4, TENSOR_VARIABLE = 5, NODE_CUSTOM_OPTIONS = 5 };

void *smelt_at(const struct smelt_interpreter *interpreter, uint32_t place) {
    const uint32_t start = interpreter->state_bytes + interpreter->kept_bytes;
    if (interpreter->setup.shared != NULL && place >= start) {
        return (uint8_t *)interpreter->setup.shared + (place - start);
    }
    return (uint8_t *)interpreter->setup.arena + place;
}

void smelt_describe(struct smelt_interpreter *interpreter, int32_t index, struct smelt_tensor *tensor) {
    const struct smelt_record record = smelt_records(interpreter)[index];
    struct smelt_file *const file = &interpreter->file;
    const struct smelt_vector shape = smelt_file_vector(file, record.table, TENSOR_SHAPE, 4);
    const uint32_t quantization = smelt_file_table(file, record.table, TENSOR_QUANTIZATION);
    const struct smelt_vector zero_points = smelt_file_vector(file, quantization, QUANTIZATION_ZERO_POINT, 8);
    tensor->data = NULL;
    if (record.place >= SMELT_CONSTANT) {
        tensor->data = (void *)(uintptr_t)(file->bytes + (record.place - SMELT_CONSTANT));
    } else if (record.place < SMELT_NOWHERE) {
        tensor->data = smelt_at(interpreter, record.place);
    }
    tensor->dimensions = shape;
    tensor->bytes = record.bytes;
    tensor->rank = (int32_t)shape.count;
    tensor->elements = 1;
    for (uint32_t axis = 0; axis < 4; axis++) {
        tensor->shape[axis] = 1;
    }
    for (uint32_t axis = 0; axis < shape.count; axis++) {
        const int32_t size = (int32_t)smelt_file_word(file, shape.at + 4 * axis);
        tensor->elements *= size;
        if (axis + 4 >= shape.count) {
            tensor->shape[axis + 4 - shape.count] = size;
        }
    }
    tensor->type = smelt_file_u8(file, record.table, TENSOR_TYPE, 0);
    tensor->scales = smelt_file_vector(file, quantization, QUANTIZATION_SCALE, 4);
    tensor->scale_bits = tensor->scales.count != 0 ? smelt_file_word(file, tensor->scales.at) : 0;
    tensor->zero_point = zero_points.count != 0 ? (int32_t)smelt_file_word(file, zero_points.at) : 0;
}

enum smelt_status smelt_refuse(struct smelt_node *node, const char *message) {
    return smelt_fail(node->interpreter, SMELT_ERROR_UNSUPPORTED, node->index, -1, message);
}

int smelt_node_has(struct smelt_node *node, uint32_t index) {
    return index < node->inputs.count &&
           (int32_t)smelt_file_word(&node->interpreter->file, node->inputs.at + 4 * index) >= 0;
}

static enum smelt_status typed(struct smelt_node *node, struct smelt_vector tensors, uint32_t index,
                               uint32_t type, struct smelt_tensor *tensor) {
    int32_t number = -1;
    if (index < tensors.count) {
        number = (int32_t)smelt_file_word(&node->interpreter->file, tensors.at + 4 * index);
    }
    SMELT_REQUIRE(node, number >= 0, "a tensor is missing");
    smelt_describe(node->interpreter, number, tensor);
    if (type != SMELT_ANY && tensor->type != type) {
        return smelt_fail(node->interpreter, SMELT_ERROR_UNSUPPORTED, node->index, number,
                          SMELT_MESSAGE("this type is not supported here"));
    }
    if ((tensor->type == SMELT_S8 && tensor->zero_point != (int8_t)tensor->zero_point) ||
        (tensor->type == SMELT_U8 && tensor->zero_point != (uint8_t)tensor->zero_point) ||
        (tensor->type == SMELT_S16 && tensor->zero_point != (int16_t)tensor->zero_point)) {
        return smelt_fail(node->interpreter, SMELT_ERROR_MODEL, node->index, number,
                          SMELT_MESSAGE("the zero point is outside of the type"));
    }
    return SMELT_OK;
}

enum smelt_status smelt_node_input(struct smelt_node *node, uint32_t index, uint32_t type,
                                   struct smelt_tensor *tensor) {
    return typed(node, node->inputs, index, type, tensor);
}

enum smelt_status smelt_node_output(struct smelt_node *node, uint32_t index, uint32_t type,
                                    struct smelt_tensor *tensor) {
    return typed(node, node->outputs, index, type, tensor);
}

enum smelt_status smelt_node_variable(struct smelt_node *node, uint32_t index, uint32_t type,
                                      struct smelt_tensor *tensor) {
    struct smelt_interpreter *const interpreter = node->interpreter;
    const enum smelt_status status = smelt_node_input(node, index, type, tensor);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t number = smelt_file_word(&interpreter->file, node->inputs.at + 4 * index);
    uint32_t uses = 0;
    for (uint32_t k = 0; k < node->inputs.count; k++) {
        uses += smelt_file_word(&interpreter->file, node->inputs.at + 4 * k) == number;
    }
    SMELT_REQUIRE(node,
                  uses == 1 && smelt_file_u8(&interpreter->file, smelt_records(interpreter)[number].table, TENSOR_VARIABLE, 0),
                  "this input must be a variable, and no other input");
    return SMELT_OK;
}

struct smelt_vector smelt_custom_options(struct smelt_node *node) {
    struct smelt_interpreter *const interpreter = node->interpreter;
    const uint32_t table = smelt_records(interpreter)[interpreter->tensors.count + node->index].table;
    return smelt_file_vector(&interpreter->file, table, NODE_CUSTOM_OPTIONS, 1);
}

enum smelt_status smelt_node_unary(struct smelt_node *node, enum smelt_type input, enum smelt_type output,
                                   struct smelt_tensor *x, struct smelt_tensor *y) {
    const enum smelt_status status = smelt_node_input(node, 0, input, x);
    return status != SMELT_OK ? status : smelt_node_output(node, 0, output, y);
}

enum smelt_status smelt_read_bias(struct smelt_node *node, int32_t channels, struct smelt_tensor *tensor,
                                  const struct smelt_tensor **bias) {
    *bias = NULL;
    if (smelt_node_has(node, 2)) {
        const enum smelt_status status = smelt_node_input(node, 2, SMELT_S32, tensor);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node, tensor->elements == channels && tensor->data != NULL, "the bias must be a constant a channel");
        *bias = tensor;
    }
    return SMELT_OK;
}

enum smelt_status smelt_weights_s8(struct smelt_node *node, const struct smelt_tensor *w, const int8_t **weights) {
    SMELT_REQUIRE(node, w->type == SMELT_S8 || w->type == SMELT_S4, "this type is not supported here");
    *weights = w->data;
    if (w->type == SMELT_S4) {
        int8_t *const unpacked = smelt_scratch(node, (uint32_t)w->elements);
        for (int32_t k = 0; smelt_ready(node) && k < w->elements; k++) {
            unpacked[k] = (int8_t)smelt_nibble(w->data, k);
        }
        *weights = unpacked;
    }
    return SMELT_OK;
}

/* More than any arena has. */
enum { TOO_MUCH = 0x40000000 };

static uint32_t add(uint32_t before, uint32_t bytes) {
    return bytes < TOO_MUCH - before ? smelt_aligned(before + bytes) : TOO_MUCH;
}

void *smelt_scratch(struct smelt_node *node, uint32_t bytes) {
    const uint32_t before = node->scratch;
    node->scratch = add(before, bytes);
    if (node->preparing) {
        return NULL;
    }
    const struct smelt_interpreter *const interpreter = node->interpreter;
    return smelt_at(interpreter, smelt_records(interpreter)[interpreter->tensors.count + node->index].place + before);
}

uint32_t smelt_allot(struct smelt_interpreter *interpreter, uint32_t bytes) {
    const uint32_t place = interpreter->state_bytes + interpreter->kept_bytes;
    interpreter->kept_bytes = add(interpreter->kept_bytes, bytes);
    return place;
}

void *smelt_keep(struct smelt_node *node, uint32_t bytes) {
    struct smelt_interpreter *const interpreter = node->interpreter;
    if (node->preparing) {
        smelt_allot(interpreter, bytes);
        if (interpreter->state_bytes + interpreter->kept_bytes > interpreter->setup.arena_bytes) {
            return NULL;
        }
    }
    return (uint8_t *)interpreter->setup.arena + node->kept;
}

void *smelt_node_state(struct smelt_node *node, uint32_t bytes) {
    const uint32_t units = smelt_aligned(bytes) / SMELT_ARENA_ALIGNMENT;
    smelt_node_records(node->interpreter)[node->index].state = (uint16_t)units;
    return smelt_keep(node, units > UINT16_MAX ? TOO_MUCH : bytes);
}

enum smelt_status smelt_activation_bounds(struct smelt_node *node, const struct smelt_tensor *y, uint32_t activation,
                                          struct smelt_bounds *bounds) {
    enum { RELU = 1, RELU_N1_TO_1 = 2, RELU6 = 3 };
    const uint32_t six = 0x40C00000u;
    const int32_t least = y->type == SMELT_S16 ? INT16_MIN : INT8_MIN;
    int32_t low = least, high = -1 - least;
    SMELT_REQUIRE(node, activation <= RELU6, "this activation is not supported");
    if (activation != 0) {
        const int32_t one = activation == RELU_N1_TO_1 ? smelt_rounded_quotient(SMELT_ONE, y->scale_bits) : 0;
        const int32_t lowest = y->zero_point - one;
        low = lowest > low ? lowest : low;
        if (activation != RELU) {
            const int32_t highest =
                y->zero_point + (activation == RELU6 ? smelt_rounded_quotient(six, y->scale_bits) : one);
            high = highest < high ? highest : high;
        }
    }
    bounds->low = (int16_t)low;
    bounds->high = (int16_t)high;
    return SMELT_OK;
}
