#include "interpreted_resize.h"

enum { LARGEST_SIDE = 1 << 20 }; /* so that places in 1/1024 do not overflow */

enum smelt_status smelt_read_resize(struct smelt_node *node, uint32_t flags, uint32_t words, struct smelt_resize *resize) {
    struct smelt_file *const file = &node->interpreter->file;
    const struct smelt_layout *const x = &resize->x, *const y = &resize->y;
    int32_t sizes[SMELT_MOST_NUMBERS];
    enum smelt_status status;
    const int32_t count = smelt_parameters(node, &resize->x, &resize->y, 1, sizes, &status);
    if (status != SMELT_OK) {
        return status;
    }
    resize->aligned = (int32_t)smelt_file_u8(file, node->options, flags, 0);
    resize->half = (int32_t)smelt_file_u8(file, node->options, flags + 1, 0);
    SMELT_REQUIRE(node, count == 2 && x->rank == 4 && y->rank == 4 && x->tensor.bytes != 0 && y->tensor.bytes != 0 &&
                            x->size[0] == y->size[0] && x->size[3] == y->size[3] && sizes[0] == y->size[1] &&
                            sizes[1] == y->size[2] && x->size[1] <= LARGEST_SIDE && x->size[2] <= LARGEST_SIDE &&
                            y->size[1] <= LARGEST_SIDE && y->size[2] <= LARGEST_SIDE && !(resize->aligned && resize->half),
                  "the size, a constant, does not lead from the input to the output");
    resize->rows = smelt_scratch(node, 4 * words * (uint32_t)y->size[1]);
    resize->columns = smelt_scratch(node, 4 * words * (uint32_t)y->size[2]);
    return SMELT_OK;
}
