#include "interpreted_lookup.h"

/* Bits of 1/128 and of 3/32768. */
enum { FINE = 0x3C000000, SHARE = 0x38C00000, SHORT = 1 << 15 };

struct swish {
    struct smelt_multiplier output, share;
};

static int32_t saturated(int32_t x) {
    return smelt_clamp(x, -SHORT, SHORT - 1);
}

/* a * b / 2^15 after adding `nudge` towards the sign of the product, towards zero. */
static int32_t short_high_mul(int32_t a, int32_t b, int32_t nudge) {
    const int32_t product = a * b, negative = nudge == 0 ? 0 : 1 - nudge;
    return saturated((product + (product >= 0 ? nudge : negative)) / SHORT);
}

static int32_t respond(const void *parameters, int32_t x) {
    const struct swish *const p = parameters;
    const int32_t wide = x * 128, raised = p->share.shift < 16 ? p->share.shift : 16;
    int32_t share = raised > 0 ? saturated(wide * (1 << (raised - 1))) : wide;
    share = short_high_mul(share, p->share.mantissa, SHORT / 2);
    share = raised > 0 ? saturated(share * 2) : smelt_rounding_shift_right(share, -raised);
    const int32_t product = short_high_mul((share + SHORT) >> 1, short_high_mul(wide, p->output.mantissa, SHORT / 2), 0);
    return smelt_rounding_shift_right(product, -p->output.shift);
}

static void shorten(struct smelt_multiplier *multiplier) {
    const int32_t mantissa = (int32_t)(((uint32_t)multiplier->mantissa + (1u << 15)) >> 16);
    multiplier->mantissa = mantissa < SHORT ? mantissa : SHORT - 1;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    struct swish p;
    const enum smelt_status status = smelt_read_s8(node, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&p.output, x.scale_bits, FINE, y.scale_bits, 0) == 0 &&
                      smelt_derive_multiplier(&p.share, x.scale_bits, FINE, SHARE, 0) == 0 && p.output.shift <= 0,
                  "scales must be positive numbers, and the output's not much smaller than the input's");
    shorten(&p.output);
    shorten(&p.share);
    return smelt_run_response_s8(node, &x, &y, respond, &p);
}

const struct smelt_registration smelt_operator_hard_swish_s8 = {SMELT_CODE_HARD_SWISH, SMELT_S8, run};
