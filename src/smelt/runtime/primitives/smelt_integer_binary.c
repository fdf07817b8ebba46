/* Every operand becomes 64 bits, with its sign where it has one; the low bytes of the result are stored. */
#include "smelt_integer_binary.h"

#include <stddef.h>
#include <string.h>

#include "smelt_broadcast.h"

#define SMELT_SIGN_BIT ((uint64_t)1 << 63)

SMELT_CODE_SECTION
static uint64_t load(const uint8_t *at, int32_t bytes, int32_t is_signed) {
    uint64_t value = 0;
    for (int32_t i = bytes - 1; i >= 0; i--) {
        value = value << 8 | at[i];
    }
    const uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    return is_signed ? (value ^ sign) - sign : value;
}

/* a / b towards zero, and what remains. */
SMELT_CODE_SECTION
static uint64_t divide(uint64_t a, uint64_t b, int32_t is_signed, uint64_t *rest) {
    const int32_t minus_a = is_signed && (a & SMELT_SIGN_BIT), minus_b = is_signed && (b & SMELT_SIGN_BIT);
    *rest = 0;
    if (b == 0) {
        return 0;
    }
    const uint64_t n = minus_a ? 0 - a : a, d = minus_b ? 0 - b : b;
    const uint64_t quotient = n / d, remains = n - quotient * d;
    *rest = minus_a ? 0 - remains : remains;
    return minus_a != minus_b ? 0 - quotient : quotient;
}

SMELT_CODE_SECTION
static uint64_t power(uint64_t a, uint64_t b, int32_t is_signed) {
    if (is_signed && (b & SMELT_SIGN_BIT)) {
        return a == 1 ? 1 : a == ~(uint64_t)0 ? (b & 1 ? a : 1) : 0;
    }
    uint64_t result = 1;
    for (; b != 0; b >>= 1, a *= a) {
        result *= b & 1 ? a : 1;
    }
    return result;
}

SMELT_CODE_SECTION
static uint64_t shift(uint64_t a, uint64_t b, int32_t bits, int32_t is_signed, int32_t left) {
    const uint64_t fill = is_signed && (a & SMELT_SIGN_BIT) ? ~(uint64_t)0 : 0;
    if (b >= (uint64_t)bits) {
        return left ? 0 : fill;
    }
    return left ? a << b : b == 0 ? a : (a >> b | fill << (64 - b));
}

SMELT_CODE_SECTION
static uint64_t apply(uint64_t a, uint64_t b, const struct smelt_integer_binary_parameters *parameters) {
    const int32_t is_signed = parameters->is_signed;
    const uint64_t flip = is_signed ? SMELT_SIGN_BIT : 0;
    const int32_t less = (a ^ flip) < (b ^ flip);
    uint64_t rest, quotient;
    switch (parameters->operation) {
        case SMELT_INTEGER_ADD: return a + b;
        case SMELT_INTEGER_SUB: return a - b;
        case SMELT_INTEGER_MUL: return a * b;
        case SMELT_INTEGER_MAXIMUM: return less ? b : a;
        case SMELT_INTEGER_MINIMUM: return less ? a : b;
        case SMELT_INTEGER_POW: return power(a, b, is_signed);
        case SMELT_INTEGER_AND: return a & b;
        case SMELT_INTEGER_OR: return a | b;
        case SMELT_INTEGER_XOR: return a ^ b;
        case SMELT_INTEGER_LEFT_SHIFT: return shift(a, b, 8 * parameters->bytes, is_signed, 1);
        case SMELT_INTEGER_RIGHT_SHIFT: return shift(a, b, 8 * parameters->bytes, is_signed, 0);
        case SMELT_INTEGER_EQUAL: return a == b;
        case SMELT_INTEGER_NOT_EQUAL: return a != b;
        case SMELT_INTEGER_LESS: return less != 0;
        case SMELT_INTEGER_LESS_EQUAL: return less || a == b;
        case SMELT_INTEGER_GREATER: return !less && a != b;
        case SMELT_INTEGER_GREATER_EQUAL: return !less;
        default: break;
    }
    quotient = divide(a, b, is_signed, &rest);
    const int32_t below = rest != 0 && is_signed && ((a ^ b) & SMELT_SIGN_BIT);
    switch (parameters->operation) {
        case SMELT_INTEGER_DIV: return quotient;
        case SMELT_INTEGER_FLOOR_DIV: return below ? quotient - 1 : quotient;
        case SMELT_INTEGER_FLOOR_MOD: return below ? rest + b : rest;
        default: return rest;
    }
}

void smelt_integer_binary(void *output, const void *first, const void *second,
                          const struct smelt_integer_binary_parameters *parameters) {
    const struct smelt_integer_binary_parameters p = *parameters;
    struct smelt_broadcast place = {0, 0, {0, 0, 0}};
    uint8_t *to = output;
    do {
        const uint8_t *at = (const uint8_t *)first + place.a * p.bytes, *bt = (const uint8_t *)second + place.b * p.bytes;
        for (int32_t i = 0; i < p.count; i++) {
            const uint64_t value = apply(load(at, p.bytes, p.is_signed), load(bt, p.bytes, p.is_signed), &p);
            for (int32_t k = 0; k < p.result_bytes; k++) {
                *to++ = (uint8_t)(value >> (8 * k));
            }
            at += p.step_a * p.bytes;
            bt += p.step_b * p.bytes;
        }
    } while (p.table != NULL && smelt_broadcast_next(&place, p.table));
}
