/* strided_slice, without new dimensions and ellipses. */
#include "interpreted_moves.h"

enum { BEGIN_MASK = 0, END_MASK = 1, ELLIPSIS_MASK = 2, NEW_AXIS_MASK = 3, SHRINK_MASK = 4, OFFSET = 5 };

static int32_t limited(int32_t index, int32_t size, int32_t low) {
    const int32_t counted = index < 0 ? index + size : index;
    return counted < low ? low : counted > size + low ? size + low : counted;
}

/* How many of `size` there are from begin to end, which may both be outside; *begin is brought inside. */
static int32_t span(int32_t size, int32_t *begin, int32_t end, int32_t stride) {
    const int32_t low = stride < 0 ? -1 : 0;
    *begin = limited(*begin, size, low);
    const int32_t way = limited(end, size, low) - *begin, ahead = stride < 0 ? -way : way;
    const uint32_t step = stride < 0 ? 0u - (uint32_t)stride : (uint32_t)stride;
    return ahead <= 0 ? 0 : (int32_t)(((uint32_t)ahead - 1) / step) + 1;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_file *const file = &node->interpreter->file;
    struct smelt_layout x, y;
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t numbers[3][SMELT_MOST_NUMBERS], given = 0, kept = 0;
    uint32_t masks[OFFSET], offset = 0;
    for (uint32_t k = 0; k < 3; k++) {
        enum smelt_status status;
        if ((given = smelt_parameters(node, &x, &y, k + 1, numbers[k], &status)) < 0) {
            return status;
        }
        SMELT_REQUIRE(node, given <= x.rank, "more dimensions than the input has");
    }
    for (uint32_t k = 0; k < OFFSET; k++) {
        masks[k] = smelt_file_u32(file, node->options, k, 0);
    }
    int fits = (masks[ELLIPSIS_MASK] | masks[NEW_AXIS_MASK] | smelt_file_u8(file, node->options, OFFSET, 0)) == 0;
    for (int32_t k = 0; k < x.rank; k++) {
        const int named = k < given;
        const uint32_t shift = (uint32_t)k;
        const int32_t stride = named ? numbers[2][k] : 1, backwards = stride < 0;
        const int32_t first = named && (masks[BEGIN_MASK] >> shift & 1) == 0 ? numbers[0][k] : backwards ? INT32_MAX : 0;
        const int32_t end = named && (masks[END_MASK] >> shift & 1) == 0 ? numbers[1][k] : backwards ? INT32_MIN : INT32_MAX;
        const int32_t shrinks = (int32_t)(masks[SHRINK_MASK] >> shift & 1);
        int32_t begin = first, count = stride == 0 ? -1 : span(x.size[k], &begin, end, stride);
        if (shrinks) {
            count = begin >= 0 && begin < x.size[k];
        }
        fits &= count == (shrinks ? 1 : y.size[kept]);
        loops[k] = (struct smelt_loop){count, (int32_t)((uint32_t)stride * (uint32_t)x.step[k]), y.step[kept]};
        kept += !shrinks;
        offset += (uint32_t)begin * (uint32_t)x.step[k];
    }
    SMELT_REQUIRE(node, fits && kept == y.rank, "this slice does not lead to the output, or has an ellipsis or a new axis");
    return smelt_move_part(node, &x, offset, &y, loops, x.rank);
}

const struct smelt_registration smelt_operator_strided_slice = {SMELT_CODE_STRIDED_SLICE, SMELT_ANY, run};
