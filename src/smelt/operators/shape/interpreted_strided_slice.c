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
    enum smelt_status status = smelt_layouts(node, &x, &y);
    for (uint32_t k = 0; k < 3 && status == SMELT_OK; k++) {
        if ((given = smelt_numbers(node, k + 1, numbers[k], &status)) < 0) {
            return status;
        }
        SMELT_REQUIRE(node, given <= x.rank, "more dimensions than the input has");
    }
    if (status != SMELT_OK) {
        return status;
    }
    uint32_t masks[OFFSET], offset = 0;
    for (uint32_t k = 0; k < OFFSET; k++) {
        masks[k] = smelt_file_u32(file, node->options, k, 0);
    }
    SMELT_REQUIRE(node, (masks[ELLIPSIS_MASK] | masks[NEW_AXIS_MASK] | smelt_file_u8(file, node->options, OFFSET, 0)) == 0,
                  "an ellipsis, a new axis or an offset is not supported");
    int fits = 1;
    for (int32_t k = 0; fits && k < x.rank; k++) {
        const uint32_t bit = 1u << k, shrinks = k < given ? masks[SHRINK_MASK] & bit : 0;
        const int32_t stride = k < given ? numbers[2][k] : 1, edge = stride < 0 ? INT32_MIN : INT32_MAX;
        int32_t begin = k >= given || (masks[BEGIN_MASK] & bit) ? (stride < 0 ? INT32_MAX : 0) : numbers[0][k];
        const int32_t end = k >= given || (masks[END_MASK] & bit) ? edge : numbers[1][k];
        fits = stride != 0;
        int32_t count = fits ? span(x.size[k], &begin, end, stride) : 0;
        if (shrinks) {
            fits = fits && begin >= 0 && begin < x.size[k];
            count = 1;
        } else {
            fits = fits && kept < y.rank && y.size[kept] == count;
        }
        loops[k].count = count;
        loops[k].from = (int32_t)((uint32_t)stride * (uint32_t)x.step[k]);
        loops[k].to = !shrinks && fits ? y.step[kept] : 0;
        kept += !shrinks;
        offset += (uint32_t)begin * (uint32_t)x.step[k];
    }
    SMELT_REQUIRE(node, fits && kept == y.rank, "begin, end and strides do not lead to the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        smelt_move(y.tensor.data, (const uint8_t *)x.tensor.data + offset, x.element, loops, x.rank);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_strided_slice = {SMELT_CODE_STRIDED_SLICE, SMELT_ANY, run};
