/* What resizing has in common in the interpreter: shapes and flags, and two tables in scratch memory. */
#ifndef SMELT_INTERPRETED_RESIZE_H
#define SMELT_INTERPRETED_RESIZE_H

#include "interpreted_moves.h"
#include "resizing.h"

struct smelt_resize {
    struct smelt_layout x, y;
    int32_t aligned, half;  /* align_corners, half_pixel_centers */
    int32_t *rows, *columns; /* `words` words for each row and column of the output; NULL while preparing */
};

/* `flags`: the number of the first of two options, align_corners. */
enum smelt_status smelt_read_resize(struct smelt_node *node, uint32_t flags, uint32_t words, struct smelt_resize *resize);

/* How far it is in the input from one of `count` places to the next, of `size`; as float32, which integers do not link. */
static inline float smelt_resize_scale(const struct smelt_resize *resize, int32_t count, int32_t size) {
    return resize->aligned && count > 1 ? (float)(size - 1) / (float)(count - 1) : (float)size / (float)count;
}

#endif
