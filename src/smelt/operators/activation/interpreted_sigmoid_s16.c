/* logistic and tanh of int16, which take their multiplier as TensorFlow Lite does (input_multiplier of wide.py). */
#include "sigmoid_s16.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

enum { OUTPUT_SCALE = 0x38000000, LARGEST = 32767, LEADING = 1 << 23 };
/* log2 is within 0.001 of a whole number up to so far above, and below, a power of two. */
enum { ABOVE = 5816, BELOW = 11625 };

typedef void sigmoid_kernel(int16_t *output, const int16_t *input, const struct smelt_sigmoid_s16_parameters *parameters);

/* 0 for success. `raised`: the largest power of two that the multiplier 3 may have for a scale that is one. */
static int derive(struct smelt_sigmoid_s16_parameters *p, uint32_t scale, int32_t raised) {
    const int32_t exponent = (int32_t)(scale >> 23), mantissa = (int32_t)(scale & (LEADING - 1)) + LEADING;
    const int32_t power = exponent - 115 + (mantissa >= 2 * LEADING - BELOW);
    if (exponent == 0 || exponent >= 255) {
        return -1;
    }
    if ((mantissa <= LEADING + ABOVE || mantissa >= 2 * LEADING - BELOW) && power >= 0 && power <= raised) {
        p->multiplier = 3 * (1 << power);
        p->shift = 0;
        return 0;
    }
    int32_t drop = 150 - 12 - exponent; /* the multiplier is 3 * mantissa / 2^drop, times 2^shift */
    if (drop < 10 || (drop < 16 && 3 * mantissa > LARGEST << drop)) {
        return -1;
    }
    for (p->shift = 0; p->shift <= 30 && (drop > 16 || 3 * mantissa <= LARGEST << (drop - 1)); p->shift++) {
        drop--;
    }
    p->multiplier = drop < 31 ? 3 * mantissa >> drop : 0;
    return 0;
}

static enum smelt_status sigmoid(struct smelt_node *node, int32_t raised, sigmoid_kernel *compute) {
    struct smelt_tensor x, y;
    struct smelt_sigmoid_s16_parameters p = {smelt_sigmoid_table, 0, 0, 0};
    const enum smelt_status status = smelt_node_unary(node, SMELT_S16, SMELT_S16, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  x.elements == y.elements && x.zero_point == 0 && y.zero_point == 0 && y.scale_bits == OUTPUT_SCALE &&
                      derive(&p, x.scale_bits, raised) == 0,
                  "the output must have scale 1/32768, the input a scale below 8/3, and both the same shape and zero point 0");
    p.count = y.elements;
    if (smelt_ready(node)) {
        compute(y.data, x.data, &p);
    }
    return SMELT_OK;
}

static enum smelt_status run_logistic(struct smelt_node *node) {
    return sigmoid(node, 0, smelt_logistic_s16);
}

const struct smelt_registration smelt_operator_logistic_s16 = {SMELT_CODE_LOGISTIC, SMELT_S16, run_logistic};

static enum smelt_status run_tanh(struct smelt_node *node) {
    return sigmoid(node, 1, smelt_tanh_s16);
}

const struct smelt_registration smelt_operator_tanh_s16 = {SMELT_CODE_TANH, SMELT_S16, run_tanh};
