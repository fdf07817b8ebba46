#include "interpreted_moves.h"
#include "selection.h"

enum { CONDITION, A, B, INPUTS };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x[INPUTS], y;
    int32_t table[4 * SMELT_MOST_AXES] = {1, 0, 0, 0}, passed[INPUTS] = {0}, loops = 0;
    enum smelt_status status = SMELT_OK;
    for (uint32_t k = 0; k < INPUTS && status == SMELT_OK; k++) {
        status = smelt_input_layout(node, k, x + k);
    }
    if (status != SMELT_OK || (status = smelt_output_layout(node, 0, x + A, &y)) != SMELT_OK) {
        return status;
    }
    int fits = x[CONDITION].tensor.type == SMELT_BOOL && x[B].tensor.type == y.tensor.type &&
               smelt_alike(&x[A].tensor, &y.tensor) && smelt_alike(&x[B].tensor, &y.tensor);
    for (int32_t axis = y.rank - 1; axis >= 0; axis--) {
        int32_t moves = y.size[axis] < 2;
        for (uint32_t k = 0; k < INPUTS; k++) {
            const int32_t step = smelt_broadcast_step(x + k, &y, axis);
            moves |= step;
            fits &= step >= 0 && x[k].rank <= y.rank;
            table[4 * loops + 1 + (int32_t)k] = step - passed[k];
            passed[k] += (y.size[axis] - 1) * step;
        }
        fits &= moves != 0;
        table[4 * loops] = y.size[axis];
        loops += y.size[axis] > 1;
    }
    SMELT_REQUIRE(node, fits, "the inputs do not broadcast to the output, or are of other kinds");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        smelt_select(y.tensor.data, x[CONDITION].tensor.data, x[A].tensor.data, x[B].tensor.data, y.element,
                     loops > 0 ? loops : 1, table);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_select_v2 = {SMELT_CODE_SELECT_V2, SMELT_ANY, run};
