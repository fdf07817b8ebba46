/* Scales are float32 numbers; their products and quotients are found with integers alone, rounded as double does it. */
#include "smelt_node.h"

#include "smelt_nibble.h"
#include "smelt_requantize.h"

/* A positive number: mantissa * 2^exponent with 2^23 <= mantissa < 2^24. */
struct number {
    uint32_t mantissa;
    int32_t exponent;
};

static int unpack(struct number *number, uint32_t bits) {
    const uint32_t exponent = bits >> 23;
    number->mantissa = bits & 0x7FFFFFu;
    number->exponent = (int32_t)exponent - 150;
    if (exponent != 0) {
        number->mantissa |= 0x800000u;
    } else {
        number->exponent++;
    }
    if (number->mantissa == 0 || exponent >= 255) {
        return -1; /* zero, negative, infinite, or no number */
    }
    for (; number->mantissa < 0x800000u; number->mantissa <<= 1) {
        number->exponent--;
    }
    return 0;
}

/* Shift right by `drop` >= 1, to nearest, ties to even; `rest`: something below is lost already. */
static uint64_t to_nearest_even(uint64_t value, int32_t drop, int rest) {
    const uint64_t half = (uint64_t)1 << (drop - 1), low = value & (2 * half - 1);
    value >>= drop;
    return value + (low > half || (low == half && (rest || (value & 1) != 0)) ? 1u : 0u);
}

static int32_t bits_of(uint64_t value) {
    int32_t bits = 0;
    for (; value != 0; value >>= 1) {
        bits++;
    }
    return bits;
}

/* product / divisor to `bits` significant bits; the result times 2^*exponent is the quotient. */
static uint64_t divide(uint64_t product, uint32_t divisor, int32_t bits, int32_t *exponent) {
    uint64_t quotient = 0;
    uint32_t rest = 0;
    for (int32_t shift = 48; shift >= -32; shift -= 8) {
        rest = rest << 8 | (shift >= 0 ? (uint32_t)(product >> shift) & 0xFFu : 0u);
        quotient = quotient << 8 | rest / divisor;
        rest %= divisor;
    }
    const int32_t drop = bits_of(quotient) - bits;
    *exponent += drop - 32;
    return to_nearest_even(quotient, drop, rest != 0);
}

int smelt_derive_multiplier(struct smelt_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c, int rounded) {
    struct number x, y, z;
    if (unpack(&x, a) != 0 || unpack(&y, b) != 0 || unpack(&z, c) != 0) {
        return -1;
    }
    uint64_t product = (uint64_t)x.mantissa * y.mantissa;
    int32_t exponent = x.exponent + y.exponent - z.exponent;
    if (rounded) {
        const int32_t drop = bits_of(product) - 24;
        product = to_nearest_even(product, drop, 0) << drop;
    }
    const int32_t bits = rounded == SMELT_QUOTIENT_ROUNDED ? 24 : 53;
    const uint64_t quotient = divide(product, z.mantissa, bits, &exponent) << (53 - bits);
    exponent -= 53 - bits;
    uint32_t mantissa = (uint32_t)((quotient + (1u << 21)) >> 22);
    int32_t shift = exponent + 53;
    if (mantissa >> 31 != 0) {
        mantissa >>= 1;
        shift++;
    }
    const int none = shift < -31;
    multiplier->mantissa = none ? 0 : (int32_t)mantissa;
    multiplier->shift = none ? 0 : shift;
    return shift > 30 ? -1 : 0;
}

int32_t smelt_rounded_quotient(uint32_t a, uint32_t b) {
    struct number x, y;
    if (unpack(&x, a) != 0 || unpack(&y, b) != 0) {
        return 0;
    }
    int32_t exponent = x.exponent - y.exponent - 23;
    const uint64_t quotient = divide((uint64_t)x.mantissa << 23, y.mantissa, 24, &exponent);
    if (exponent >= 0) {
        return 1 << 24;
    }
    return exponent < -25 ? 0 : (int32_t)((quotient + ((uint64_t)1 << (-exponent - 1))) >> -exponent);
}

/* Whether no element of row `index` of `count` rows of constant weights is other than 0. */
static int is_zero_row(const struct smelt_tensor *weights, uint32_t count, uint32_t index) {
    const int32_t depth = weights->elements / (int32_t)count, first = (int32_t)index * depth;
    const int is_packed = weights->type == SMELT_S4;
    int32_t k = first;
    while (weights->data != NULL && k < first + depth &&
           (is_packed ? smelt_nibble(weights->data, k) : ((const int8_t *)weights->data)[k]) == 0) {
        k++;
    }
    return k == first + depth;
}

static int is_large(const struct smelt_scaling *scaling, uint32_t channel) {
    const int32_t bias = ((const int32_t *)scaling->bias->data)[channel];
    return bias > scaling->largest_bias || bias < -scaling->largest_bias;
}

/* a * 2^32 / b toward zero, without the library's 64-bit division; |a| is smaller than |b|. */
static int32_t fraction(int32_t a, int32_t b) {
    const uint32_t divisor = b < 0 ? 0u - (uint32_t)b : (uint32_t)b;
    uint32_t rest = a < 0 ? 0u - (uint32_t)a : (uint32_t)a, quotient = 0;
    for (int32_t bit = 0; bit < 32; bit++) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient++;
        }
    }
    return (a < 0) == (b < 0) ? (int32_t)quotient : -(int32_t)quotient;
}

/* Bring the multiplier of a channel into the form of fast kernels; 0 where it has none. Where a large bias is all that there
 * is, twice of it, modulo 2^32, times the new mantissa / 2^32 is the result. */
static int make_fast(const struct smelt_scaling *scaling, uint32_t count, uint32_t channel, int32_t *words) {
    enum { FAR_OUTSIDE = 256, SMALL = 1 << 16 };
    if (scaling->channels != SMELT_ONE_SCALE && is_large(scaling, channel)) {
        const int32_t sum = ((const int32_t *)scaling->bias->data)[channel];
        const int32_t doubled = (int32_t)((uint32_t)sum << 1);
        const int32_t result = smelt_clamp(smelt_requantize(sum, words[0], words[1]), -FAR_OUTSIDE, FAR_OUTSIDE);
        if ((doubled < SMALL && doubled > -SMALL) || !is_zero_row(scaling->w, count, channel)) {
            return 0;
        }
        words[0] = fraction(result, doubled);
        words[1] = 0;
    } else if (words[0] == 0 || words[1] < -30) { /* all results are 0 */
        words[0] = words[1] = 0;
    }
    return words[1] <= 0;
}

/* Bring all into that form, or leave them as they are and return 0. */
static int make_all_fast(const struct smelt_scaling *scaling, uint32_t count, int32_t *words) {
    if (scaling->bias == NULL) {
        return 0;
    }
    for (int32_t k = 0; scaling->channels == SMELT_ONE_SCALE && k < scaling->bias->elements; k++) {
        if (is_large(scaling, (uint32_t)k)) {
            return 0;
        }
    }
    for (uint32_t channel = 0; channel < count; channel++) {
        int32_t copy[2] = {words[2 * channel], words[2 * channel + 1]};
        if (!make_fast(scaling, count, channel, copy)) {
            return 0;
        }
    }
    int32_t form = 1;
    for (uint32_t channel = 0; channel < count; channel++) {
        int32_t *const pair = words + 2 * channel;
        (void)make_fast(scaling, count, channel, pair);
        pair[1] = (int32_t)(1u << (30 + pair[1]));
        if (scaling->channels != SMELT_ONE_SCALE && is_large(scaling, channel)) {
            pair[1] |= 1;
            form = 3;
        }
    }
    return form;
}

/* Fill `words` unless it is NULL. */
static enum smelt_status derive(struct smelt_node *node, const struct smelt_scaling *scaling, uint32_t count,
                                int32_t *words) {
    const struct smelt_tensor *const w = scaling->w;
    const int rounded = scaling->channels == SMELT_ONE_SCALE;
    for (uint32_t channel = 0; channel < count; channel++) {
        const uint32_t scale =
            smelt_file_word(&node->interpreter->file, w->scales.at + (w->scales.count == 1 ? 0 : 4 * channel));
        struct smelt_multiplier found;
        SMELT_REQUIRE(node,
                      smelt_derive_multiplier(&found, scaling->x->scale_bits, scale, scaling->y->scale_bits, rounded) == 0,
                      "a scale is not a positive number, or a multiplier too large");
        if (words != NULL) {
            words[1 + 2 * channel] = found.mantissa;
            words[2 + 2 * channel] = found.shift;
        }
    }
    if (words != NULL) {
        words[0] = make_all_fast(scaling, count, words + 1);
    }
    return SMELT_OK;
}

enum smelt_status smelt_channel_scales(struct smelt_node *node, const struct smelt_scaling *scaling,
                                       const int32_t **scales) {
    const uint32_t count = scaling->channels == SMELT_ONE_SCALE ? 1u : (uint32_t)scaling->channels;
    const uint32_t scale_count = scaling->w->scales.count;
    const int at_invoke = (node->interpreter->setup.options & SMELT_MULTIPLIERS_AT_INVOKE) != 0;
    SMELT_REQUIRE(node, scale_count == 1 || scale_count == count, "the weights have neither one scale nor one a channel");
    int32_t *const words = (at_invoke ? smelt_scratch : smelt_keep)(node, 4 + 8 * count);
    *scales = words;
    return node->preparing || at_invoke ? derive(node, scaling, count, words) : SMELT_OK;
}
