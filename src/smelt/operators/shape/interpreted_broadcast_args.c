/* broadcast_args: the shape to which two shapes broadcast. */
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    int32_t longer[SMELT_MOST_NUMBERS], other[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    int32_t *a = longer, *b = other;
    int32_t most = smelt_parameters(node, &x, &y, 0, a, &status), least = most < 0 ? -1 : smelt_numbers(node, 1, b, &status);
    if (least < 0) {
        return status;
    }
    if (most < least) {
        const int32_t count = most;
        most = least;
        least = count;
        a = other;
        b = longer;
    }
    int fits = y.rank == 1 && y.tensor.elements == most;
    for (int32_t k = 0; k < least; k++) {
        int32_t *const size = a + most - least + k;
        fits &= *size == b[k] || *size == 1 || b[k] == 1;
        *size = *size == 1 ? b[k] : *size;
    }
    SMELT_REQUIRE(node, fits, "the shapes do not broadcast, or the output has not a number a dimension");
    for (int32_t k = 0; smelt_ready(node) && k < most; k++) {
        int32_t *const to = (int32_t *)y.tensor.data + k * (y.element / 4);
        to[y.element / 4 - 1] = a[k] < 0 ? -1 : 0;
        to[0] = a[k];
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_broadcast_args = {SMELT_CODE_BROADCAST_ARGS, SMELT_ANY, run};
