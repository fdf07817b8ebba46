/* space_to_batch_nd and back: blocks of an image as more images. */
#include "interpreted_moves.h"

/* The sizes of blocks and the margin before and after: padding of one, what is cut away in the other. */
struct blocks {
    int32_t count, size[SMELT_MOST_NUMBERS], margins[SMELT_MOST_NUMBERS];
};

static int fit(const struct smelt_layout *wide, const struct smelt_layout *many, const struct blocks *b, int32_t margins) {
    if (wide->rank != many->rank || b->count >= wide->rank || margins != 2 * b->count) {
        return 0;
    }
    int64_t images = wide->size[0];
    for (int32_t k = 0; k < b->count; k++) {
        const int32_t before = b->margins[2 * k], after = b->margins[2 * k + 1];
        if (b->size[k] < 1 || before < 0 || after < 0 ||
            (int64_t)many->size[k + 1] * b->size[k] != (int64_t)wide->size[k + 1] + before + after) {
            return 0;
        }
        images *= b->size[k];
        if (images > INT32_MAX) {
            return 0;
        }
    }
    return images == many->size[0] && smelt_same_sizes(many, b->count + 1, wide, b->count + 1, wide->rank - b->count - 1);
}

/* The pixels at place `block` of all blocks, which are the images from number block * wide->size[0] on. */
static void move(const struct smelt_layout *wide, const struct smelt_layout *many, const struct blocks *b, int32_t block,
                 int to_batch) {
    struct smelt_loop loops[SMELT_MOST_AXES];
    int32_t to_wide = 0, to_many = block * wide->size[0] * many->step[0];
    for (int32_t k = wide->rank - 1; k >= 0; k--) {
        struct smelt_loop loop = {wide->size[k], wide->step[k], many->step[k]};
        if (k > 0 && k <= b->count) {
            const int32_t size = b->size[k - 1], margin = b->margins[2 * k - 2] - block % size;
            const int32_t first = margin > 0 ? (margin - 1) / size + 1 : 0, pixel = first * size - margin;
            block /= size;
            if (pixel >= wide->size[k]) {
                return;
            }
            loop = (struct smelt_loop){(wide->size[k] - 1 - pixel) / size + 1, size * wide->step[k], many->step[k]};
            to_wide += pixel * wide->step[k];
            to_many += first * many->step[k];
        }
        loops[k] = to_batch ? loop : (struct smelt_loop){loop.count, loop.to, loop.from};
    }
    uint8_t *const w = (uint8_t *)wide->tensor.data + to_wide, *const m = (uint8_t *)many->tensor.data + to_many;
    smelt_move(to_batch ? m : w, to_batch ? w : m, wide->element, loops, wide->rank);
}

static enum smelt_status rearrange(struct smelt_node *node, int to_batch) {
    struct smelt_layout x, y;
    struct blocks b;
    enum smelt_status status;
    b.count = smelt_parameters(node, &x, &y, 1, b.size, &status);
    const int32_t margins = b.count < 0 ? -1 : smelt_numbers(node, 2, b.margins, &status);
    if (margins < 0) {
        return status;
    }
    const struct smelt_layout *const wide = to_batch ? &x : &y, *const many = to_batch ? &y : &x;
    SMELT_REQUIRE(node, fit(wide, many, &b, margins), "the blocks do not lead from the input to the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        const int32_t zero[] = {x.tensor.type == SMELT_F32 ? 0 : y.tensor.zero_point, 0, 0, 0};
        if (to_batch) {
            smelt_fill(&y, zero);
        }
        for (int32_t block = 0; x.tensor.bytes != 0 && block < many->size[0] / wide->size[0]; block++) {
            move(wide, many, &b, block, to_batch);
        }
    }
    return SMELT_OK;
}

static enum smelt_status run_to_batch(struct smelt_node *node) {
    return rearrange(node, 1);
}

const struct smelt_registration smelt_operator_space_to_batch_nd = {SMELT_CODE_SPACE_TO_BATCH_ND, SMELT_ANY, run_to_batch};

static enum smelt_status run_to_space(struct smelt_node *node) {
    return rearrange(node, 0);
}

const struct smelt_registration smelt_operator_batch_to_space_nd = {SMELT_CODE_BATCH_TO_SPACE_ND, SMELT_ANY, run_to_space};
