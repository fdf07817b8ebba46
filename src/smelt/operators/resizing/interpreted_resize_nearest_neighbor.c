#include "interpreted_resize.h"

enum { NEAREST_FLAGS = 0 };

static void find(const struct smelt_resize *resize, int32_t *places, int32_t count, int32_t size) {
    const float scale = smelt_resize_scale(resize, count, size), half = resize->half ? 0.5f : 0.0f;
    for (int32_t k = 0; k < count; k++) {
        const float place = ((float)k + half) * scale;
        const int32_t whole = (int32_t)(resize->aligned ? place + 0.5f : place);
        places[k] = whole < size ? whole : size - 1;
    }
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_resize resize;
    const enum smelt_status status = smelt_read_resize(node, NEAREST_FLAGS, 1, &resize);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_layout *const x = &resize.x, *const y = &resize.y;
        find(&resize, resize.rows, y->size[1], x->size[1]);
        find(&resize, resize.columns, y->size[2], x->size[2]);
        const struct smelt_resize_nearest_parameters p = {x->size[0], x->size[1], x->size[2],  y->size[1],
                                                          y->size[2], x->step[2], resize.rows, resize.columns};
        smelt_resize_nearest_neighbor(y->tensor.data, x->tensor.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_resize_nearest_neighbor = {SMELT_CODE_RESIZE_NEAREST_NEIGHBOR, SMELT_ANY, run};
