/* fill: a tensor of one value. */
#include "interpreted_moves.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_layout value, y;
    int32_t sizes[SMELT_MOST_NUMBERS];
    enum smelt_status status = smelt_input_layout(node, 1, &value);
    if (status != SMELT_OK || (status = smelt_output_layout(node, 0, &value, &y)) != SMELT_OK) {
        return status;
    }
    const int32_t count = smelt_numbers(node, 0, sizes, &status);
    if (count < 0) {
        return status;
    }
    SMELT_REQUIRE(node, value.tensor.elements == 1 && count == y.rank && memcmp(sizes, y.size, 4 * (size_t)count) == 0,
                  "the output has not the shape that is wanted, or there is more than one value");
    if (smelt_ready(node) && y.tensor.bytes != 0) {
        smelt_fill(&y, value.tensor.data);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_fill = {SMELT_CODE_FILL, SMELT_ANY, run};
