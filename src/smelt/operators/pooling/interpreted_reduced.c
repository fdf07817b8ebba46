#include "interpreted_reduced.h"

enum { AXES = 4, SLOTS = 5 };

/* Which of the last four dimensions are reduced, as bits; -1 for axes that are not there. */
static int32_t find_axes(const struct smelt_tensor *x, const struct smelt_tensor *axes) {
    int32_t found = 0;
    if ((axes->data == NULL && axes->elements != 0) || x->rank > AXES) {
        return -1;
    }
    for (int32_t k = 0; k < axes->elements; k++) {
        int32_t axis = ((const int32_t *)axes->data)[k];
        axis += axis < 0 ? x->rank : 0;
        if (axis < 0 || axis >= x->rank) {
            return -1;
        }
        found |= 1 << (axis + AXES - x->rank);
    }
    return found;
}

enum smelt_status smelt_read_reduced(struct smelt_node *node, enum smelt_type type, struct smelt_reduced *t) {
    struct smelt_tensor axes;
    enum smelt_status status;
    if ((status = smelt_node_unary(node, type, type, &t->x, &t->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S32, &axes)) != SMELT_OK) {
        return status;
    }
    const int32_t reduced = find_axes(&t->x, &axes);
    SMELT_REQUIRE(node, reduced >= 0 && t->x.elements > 0, "the axes must be constant, of an input with one to four dimensions");
    /* outer, rows, middle, columns, inner: neighbours that are treated alike are one */
    int32_t sizes[SLOTS] = {1, 1, 1, 1, 1}, slot = SLOTS - 1;
    for (int32_t axis = AXES - 1; axis >= 0; axis--) {
        if (t->x.shape[axis] != 1) {
            slot -= (slot & 1) != (reduced >> axis & 1);
            sizes[slot] *= t->x.shape[axis];
        }
    }
    const struct smelt_reduction_parameters loops = {sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]};
    t->loops = loops;
    t->count = sizes[1] * sizes[3];
    SMELT_REQUIRE(node, t->y.elements == t->x.elements / t->count, "the output has not the shape that is left");
    return SMELT_OK;
}

/* Divide a multiplier by the count as TensorFlow Lite does it. */
static void divide(struct smelt_multiplier *multiplier, int32_t count) {
    int32_t bits = 0;
    while (count >> (bits + 1) != 0) {
        bits++;
    }
    const int32_t extra = bits < 31 + multiplier->shift ? bits : 31 + multiplier->shift;
    multiplier->mantissa = (int32_t)(((int64_t)multiplier->mantissa << extra) / count);
    multiplier->shift -= extra;
}

enum smelt_status smelt_read_rescaled(struct smelt_node *node, enum smelt_type type, int averages,
                                      struct smelt_reduced *t, struct smelt_mean_s8_parameters *parameters) {
    struct smelt_multiplier multiplier;
    const enum smelt_status status = smelt_read_reduced(node, type, t);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&multiplier, t->x.scale_bits, SMELT_ONE, t->y.scale_bits, 0) == 0 &&
                      t->count <= (type == SMELT_S8 ? 1 << 23 : 1 << 15),
                  "a scale is no positive number, or the sum too long");
    if (averages) {
        divide(&multiplier, t->count);
    }
    const struct smelt_reduction_parameters loops = t->loops;
    const struct smelt_mean_s8_parameters p = {
        loops.outer,  loops.rows,          loops.middle,     loops.columns,
        loops.inner,  -t->x.zero_point * t->count, multiplier.mantissa, multiplier.shift,
        t->y.zero_point};
    *parameters = p;
    return SMELT_OK;
}
