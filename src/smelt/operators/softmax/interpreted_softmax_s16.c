#include "smelt_interpreter_operators.h"
#include "smelt_node.h"
#include "softmax.h"

/* Bits of 1/32768, of 65535 / 2 ^ 15, which takes the exponent of beta, and of 10. */
enum { OPTION_BETA = 0, OUTPUT_SCALE = 0x38000000, TEN = 0x41200000, LARGEST_DEPTH = 65535 };
enum { FRACTION = (1 << 23) - 1, STEPS = (15 << 23) + 0x7FFF00, LARGEST_BETA = 0x47000000 };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    struct smelt_multiplier multiplier;
    const enum smelt_status status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t beta = smelt_file_u32(&node->interpreter->file, node->options, OPTION_BETA, 0);
    const int32_t depth = x.shape[3];
    SMELT_REQUIRE(node,
                  x.elements == y.elements && x.rank > 0 && depth > 0 && depth <= LARGEST_DEPTH &&
                      y.scale_bits == OUTPUT_SCALE && y.zero_point == 0,
                  "softmax keeps the shape, has rows of at most 65535 elements and an output of scale 1/32768");
    SMELT_REQUIRE(node,
                  (beta & FRACTION) == 0 && beta < LARGEST_BETA &&
                      smelt_derive_multiplier(&multiplier, x.scale_bits, beta + STEPS, TEN, 0) == 0 && multiplier.shift <= 15,
                  "beta must be a power of two, and times the scale of the input below 5");
    const struct smelt_softmax_s16_parameters p = {
        x.elements / depth, depth, multiplier.mantissa, multiplier.shift, smelt_softmax_exponentials_s16,
        smelt_softmax_reciprocals_s16};
    if (smelt_ready(node)) {
        smelt_softmax_s16(y.data, x.data, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_softmax_s16 = {SMELT_CODE_SOFTMAX, SMELT_S16, run};
