/* space_to_depth and back: blocks of an image as more channels. */
#include "interpreted_moves.h"

enum { BLOCK_SIZE = 0, LARGEST_BLOCK = 0x7FFF };

static enum smelt_status rearrange(struct smelt_node *node, int to_depth) {
    struct smelt_layout x, y;
    const enum smelt_status status = smelt_layouts(node, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const struct smelt_layout *const wide = to_depth ? &x : &y, *const deep = to_depth ? &y : &x;
    const int32_t block = (int32_t)smelt_file_u32(&node->interpreter->file, node->options, BLOCK_SIZE, 0);
    SMELT_REQUIRE(node, x.rank == 4 && y.rank == 4 && block > 0 && block <= LARGEST_BLOCK && x.size[0] == y.size[0] &&
                            (int64_t)deep->size[1] * block == wide->size[1] && (int64_t)deep->size[2] * block == wide->size[2] &&
                            (int64_t)wide->size[3] * (block * block) == deep->size[3],
                  "the blocks do not lead from the input to the output");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        const int32_t pixel = wide->step[2];
        /* from: the wide image, to: the deep one */
        struct smelt_loop loops[] = {{x.size[0] * deep->size[1], block * wide->step[1], deep->step[1]},
                                     {block, wide->step[1], block * pixel},
                                     {deep->size[2], block * pixel, deep->step[2]},
                                     {block * pixel, 1, 1}};
        for (int32_t k = 0; k < 4 && !to_depth; k++) {
            const int32_t from = loops[k].from;
            loops[k].from = loops[k].to;
            loops[k].to = from;
        }
        smelt_move(y.tensor.data, x.tensor.data, 1, loops, 4);
    }
    return SMELT_OK;
}

static enum smelt_status run_to_depth(struct smelt_node *node) {
    return rearrange(node, 1);
}

const struct smelt_registration smelt_operator_space_to_depth = {SMELT_CODE_SPACE_TO_DEPTH, SMELT_ANY, run_to_depth};

static enum smelt_status run_to_space(struct smelt_node *node) {
    return rearrange(node, 0);
}

const struct smelt_registration smelt_operator_depth_to_space = {SMELT_CODE_DEPTH_TO_SPACE, SMELT_ANY, run_to_space};
