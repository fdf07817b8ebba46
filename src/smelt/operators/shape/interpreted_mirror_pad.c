#include "interpreted_moves.h"

enum { MIRROR_MODE = 0, REFLECT = 0 };

/* `symmetric`: the element at the edge is repeated. */
static void mirror(const struct smelt_layout *x, const struct smelt_layout *y, const int32_t *amounts, int32_t symmetric) {
    int32_t index[SMELT_MOST_AXES] = {0};
    for (uint8_t *to = y->tensor.data, *const end = to + y->tensor.bytes; to != end; to += y->element) {
        const uint8_t *from = x->tensor.data;
        for (int32_t k = 0; k < x->rank; k++) {
            int32_t place = index[k] - amounts[2 * k];
            if (place < 0) {
                place = -place - symmetric;
            } else if (place >= x->size[k]) {
                place = x->size[k] - 2 + symmetric - (place - x->size[k]);
            }
            from += place * x->step[k];
        }
        memcpy(to, from, (size_t)y->element);
        for (int32_t k = x->rank - 1; k >= 0 && ++index[k] == y->size[k]; k--) {
            index[k] = 0;
        }
    }
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout x, y;
    int32_t amounts[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &x, &y, 1, amounts, &status);
    if (count < 0) {
        return status;
    }
    const int32_t symmetric = smelt_file_u8(&node->interpreter->file, node->options, MIRROR_MODE, REFLECT) != REFLECT;
    int fits = x.rank == y.rank && count == 2 * x.rank;
    for (int32_t k = 0; fits && k < x.rank; k++) {
        const int32_t most = x.size[k] - 1 + symmetric, before = amounts[2 * k], after = amounts[2 * k + 1];
        fits = before >= 0 && (before == 0 || before <= most) && after >= 0 && (after == 0 || after <= most) &&
               after == y.size[k] - before - x.size[k];
    }
    SMELT_REQUIRE(node, fits, "the paddings do not lead from the input to the output");
    if (smelt_ready(node)) {
        mirror(&x, &y, amounts, symmetric);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_mirror_pad = {SMELT_CODE_MIRROR_PAD, SMELT_ANY, run};
