/* logistic and tanh in fixed point, as gemmlowp computes them (operators/fixed_point_functions.py). */
#include "interpreted_lookup.h"
#include "smelt_exponential.h"

enum { TWO_TO_27 = 0x4D000000, LOGISTIC_SCALE = 0x3B800000, TANH_SCALE = 0x3C000000, LARGEST = 0x7FFFFFFF };

static int32_t doubled_twice(int32_t x) {
    return smelt_clamp(x, -(1 << 29), (1 << 29) - 1) * 4 + (x > (1 << 29) - 1 ? 3 : 0);
}

/* 2 / (1 + x) with 29 fractional bits for 0 <= x < 1 with 31 of them. */
static int32_t two_over_one_plus(int32_t x) {
    const int32_t half = (int32_t)(((uint32_t)x + 0x80000000u) >> 1);
    int32_t y = 1515870810 - smelt_high_mul(half, 1010580540);
    for (int32_t k = 0; k < 3; k++) {
        y += doubled_twice(smelt_high_mul(y, (1 << 29) - smelt_high_mul(half, y)));
    }
    return y;
}

struct sigmoid {
    struct smelt_multiplier multiplier;
    int32_t radius; /* from here on the result is saturated */
};

/* Where the result is saturated, or 0: inside. */
static int32_t side(const struct sigmoid *p, int32_t x) {
    return x >= p->radius ? 1 : x <= -p->radius ? -1 : 0;
}

static int32_t logistic(const void *parameters, int32_t x) {
    const struct sigmoid *const p = parameters;
    if (side(p, x) != 0 || x == 0) {
        return (side(p, x) + 1) * 128;
    }
    const int32_t value = smelt_requantize(x < 0 ? -x : x, p->multiplier.mantissa, p->multiplier.shift);
    const int32_t inverse = two_over_one_plus(value == 0 ? LARGEST : smelt_exponential(-value, 4));
    const int32_t positive = inverse >= 1 << 30 ? LARGEST : inverse * 2;
    return value == 0 ? 128 : smelt_rounding_shift_right(x > 0 ? positive : LARGEST - positive, 23);
}

static int32_t hyperbolic_tangent(const void *parameters, int32_t x) {
    const struct sigmoid *const p = parameters;
    if (side(p, x) != 0) {
        return side(p, x) * 128;
    }
    const int32_t value = smelt_requantize(x < 0 ? -x : x, p->multiplier.mantissa, p->multiplier.shift);
    if (value == 0) {
        return 0;
    }
    const int32_t positive = doubled_twice(two_over_one_plus(smelt_exponential(-value, 5)) - (1 << 29));
    return smelt_rounding_shift_right(x > 0 ? positive : -positive, 24);
}

static enum smelt_status sigmoid(struct smelt_node *node, uint32_t scale, int32_t zero_point, smelt_response_s8 *response) {
    struct smelt_tensor x, y;
    struct sigmoid p;
    const enum smelt_status status = smelt_read_s8(node, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  y.scale_bits == scale && y.zero_point == zero_point &&
                      smelt_derive_multiplier(&p.multiplier, x.scale_bits, TWO_TO_27, SMELT_ONE, 0) == 0 &&
                      p.multiplier.shift >= 0,
                  "the output has another scale than TensorFlow Lite's, or the input a scale that is no useful number");
    p.radius = (int32_t)((15u << 27) >> p.multiplier.shift);
    return smelt_run_response_s8(node, &x, &y, response, &p);
}

static enum smelt_status run_logistic(struct smelt_node *node) {
    return sigmoid(node, LOGISTIC_SCALE, -128, logistic);
}

const struct smelt_registration smelt_operator_logistic_s8 = {SMELT_CODE_LOGISTIC, SMELT_S8, run_logistic};

static enum smelt_status run_tanh(struct smelt_node *node) {
    return sigmoid(node, TANH_SCALE, 0, hyperbolic_tangent);
}

const struct smelt_registration smelt_operator_tanh_s8 = {SMELT_CODE_TANH, SMELT_S8, run_tanh};
