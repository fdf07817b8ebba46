/* concatenation, and pack, where each input is one index of the axis. */
#include "interpreted_moves.h"

enum { CONCATENATION_AXIS = 0, CONCATENATION_ACTIVATION = 1, PACK_AXIS = 1 };

static enum smelt_status join(struct smelt_node *node, int32_t axis, int32_t packs) {
    struct smelt_layout x, y;
    enum smelt_status status = smelt_layouts(node, &x, &y);
    int32_t joined = 0;
    if (status != SMELT_OK) {
        return status;
    }
    axis = smelt_axis_from(axis, y.rank);
    SMELT_REQUIRE(node, axis >= 0, "there is no such axis");
    const int32_t row = y.step[axis] * y.size[axis];
    for (uint32_t k = 0; k < node->inputs.count; k++) {
        if ((status = smelt_input_layout(node, k, &x)) != SMELT_OK) {
            return status;
        }
        if (packs) {
            smelt_insert_axis(&x, axis);
        }
        SMELT_REQUIRE(node, x.tensor.type == y.tensor.type && smelt_same_but(&x, &y, axis) &&
                                x.size[axis] <= y.size[axis] - joined && smelt_alike(&x.tensor, &y.tensor),
                      "the inputs do not make the output");
        if (smelt_ready(node) && x.tensor.bytes != 0) {
            const int32_t part = x.size[axis] * y.step[axis];
            const struct smelt_loop loops[] = {{(int32_t)y.tensor.bytes / row, part, row}, {part, 1, 1}};
            smelt_move((uint8_t *)y.tensor.data + joined * y.step[axis], x.tensor.data, 1, loops, 2);
        }
        joined += x.size[axis];
    }
    SMELT_REQUIRE(node, joined == y.size[axis], "the inputs do not make the output");
    return SMELT_OK;
}

static enum smelt_status run_concatenation(struct smelt_node *node) {
    struct smelt_file *const file = &node->interpreter->file;
    SMELT_REQUIRE(node, smelt_file_u8(file, node->options, CONCATENATION_ACTIVATION, 0) == 0,
                  "this activation is not supported");
    return join(node, (int32_t)smelt_file_u32(file, node->options, CONCATENATION_AXIS, 0), 0);
}

const struct smelt_registration smelt_operator_concatenation = {SMELT_CODE_CONCATENATION, SMELT_ANY, run_concatenation};

static enum smelt_status run_pack(struct smelt_node *node) {
    return join(node, (int32_t)smelt_file_u32(&node->interpreter->file, node->options, PACK_AXIS, 0), 1);
}

const struct smelt_registration smelt_operator_pack = {SMELT_CODE_PACK, SMELT_ANY, run_pack};
