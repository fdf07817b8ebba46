#include "interpreted_resize.h"

enum { BILINEAR_FLAGS = 2 };

/* The table is `count` pairs of indices, then as many distances. */
static const float *find(const struct smelt_resize *resize, int32_t *table, int32_t count, int32_t size) {
    const float scale = smelt_resize_scale(resize, count, size), half = resize->half ? 0.5f : 0.0f;
    float *const distances = (float *)(void *)(table + 2 * count);
    for (int32_t k = 0; k < count; k++) {
        const float ahead = ((float)k + half) * scale;
        const float place = ahead - half;
        const int32_t whole = place > 0.0f ? (int32_t)place : 0, second = whole + ((float)whole < place);
        table[2 * k] = whole < size ? whole : size - 1;
        table[2 * k + 1] = second < size ? second : size - 1;
        distances[k] = place - (float)whole;
    }
    return distances;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_resize resize;
    const enum smelt_status status = smelt_read_resize(node, BILINEAR_FLAGS, 3, &resize);
    if (status == SMELT_OK && smelt_ready(node)) {
        const struct smelt_layout *const x = &resize.x, *const y = &resize.y;
        const float *const rows = find(&resize, resize.rows, y->size[1], x->size[1]);
        const float *const columns = find(&resize, resize.columns, y->size[2], x->size[2]);
        const struct smelt_resize_bilinear_f32_parameters p = {
            x->size[0], x->size[1], x->size[2], y->size[1], y->size[2], x->size[3], resize.rows, rows, resize.columns, columns};
        smelt_resize_bilinear_f32(y->tensor.data, x->tensor.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_resize_bilinear_f32 = {SMELT_CODE_RESIZE_BILINEAR, SMELT_F32, run};
