#include "interpreted_resize.h"

enum { BILINEAR_FLAGS = 2, ONE = 1024 };

static void find(const struct smelt_resize *resize, int32_t *table, int32_t count, int32_t size) {
    const int32_t corners = resize->aligned && count > 1, steps = count - corners;
    const int32_t scale = (ONE * (size - corners) + steps / 2) / steps;
    for (int32_t k = 0; k < count; k++) {
        const int32_t place = k * scale + (resize->half ? scale / 2 - ONE / 2 : 0);
        const int32_t first = place < 0 ? 0 : place / ONE, second = (place + ONE - 1) / ONE;
        *table++ = first < size ? first : size - 1;
        *table++ = second < size ? second : size - 1;
        *table++ = first < size ? place - ONE * first : 0; /* rounding of the scale may lead behind the image */
    }
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_resize resize;
    const enum smelt_status status = smelt_read_resize(node, BILINEAR_FLAGS, 3, &resize);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_layout *const x = &resize.x, *const y = &resize.y;
        find(&resize, resize.rows, y->size[1], x->size[1]);
        find(&resize, resize.columns, y->size[2], x->size[2]);
        const struct smelt_resize_bilinear_s8_parameters p = {x->size[0], x->size[1], x->size[2],  y->size[1],
                                                              y->size[2], x->size[3], resize.rows, resize.columns};
        smelt_resize_bilinear_s8(y->tensor.data, x->tensor.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_resize_bilinear_s8 = {SMELT_CODE_RESIZE_BILINEAR, SMELT_S8, run};
