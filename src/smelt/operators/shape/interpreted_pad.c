/* pad, and padv2, which is told the value. */
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    struct smelt_tensor value;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t amounts[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &x, &y, 1, amounts, &status);
    if (count < 0) {
        return status;
    }
    int fits = x.rank == y.rank && count == 2 * x.rank && smelt_alike(&x.tensor, &y.tensor);
    const int32_t zero[] = {x.tensor.type == SMELT_F32 ? 0 : y.tensor.zero_point, 0, 0, 0};
    const void *filling = zero;
    if (smelt_node_has(node, 2)) {
        if ((status = smelt_node_input(node, 2, x.tensor.type, &value)) != SMELT_OK) {
            return status;
        }
        fits &= value.elements == 1 && smelt_alike(&value, &y.tensor);
        filling = value.data;
    }
    uint32_t offset = 0;
    for (int32_t k = 0; fits && k < x.rank; k++) {
        /* sizes are below 2^30, so that nothing overflows */
        const int32_t before = amounts[2 * k], after = amounts[2 * k + 1], room = y.size[k] - x.size[k];
        fits = before >= 0 && after >= 0 && before <= room && after == room - before;
        offset += (uint32_t)before * (uint32_t)y.step[k];
        loops[k] = (struct smelt_loop){x.size[k], x.step[k], y.step[k]};
    }
    SMELT_REQUIRE(node, fits, "paddings and value do not lead from the input to the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        smelt_fill(&y, filling);
        if (x.tensor.bytes != 0) {
            smelt_move((uint8_t *)y.tensor.data + offset, x.tensor.data, x.element, loops, x.rank);
        }
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_pad = {SMELT_CODE_PAD, SMELT_ANY, run};
const struct smelt_registration smelt_operator_padv2 = {SMELT_CODE_PADV2, SMELT_ANY, run};
