/* Functions of two numbers, applied to tensors that broadcast.
 *
 * One row is `count` outputs, the inputs advancing by step_a and step_b (0 or 1) elements. `table` repeats the row over three
 * loops (smelt_broadcast.h); NULL: there is one row, and with both steps 1 the output may be the memory of an input of
 * the same element size. */
#ifndef SMELT_BINARY_H
#define SMELT_BINARY_H

#include <stddef.h>
#include <stdint.h>

#include "smelt_broadcast.h"
#include "smelt_placement.h"

#define SMELT_BINARY_FUNCTION(name, result, operand)                                                                  \
    void name(result *output, const operand *first, const operand *second, int32_t count, int32_t step_a, int32_t step_b, \
              const int32_t *table)

/* Defines such a function: `expression` says the output for a and b. */
#define SMELT_BINARY(name, result, operand, expression)                        \
    SMELT_CODE_SECTION                                                         \
    SMELT_BINARY_FUNCTION(name, result, operand) {                             \
        struct smelt_broadcast place = {0, 0, {0, 0, 0}};                      \
        do {                                                                   \
            const operand *at = first + place.a, *bt = second + place.b;       \
            for (int32_t i = 0; i < count; i++) {                              \
                const operand a = *at, b = *bt;                                \
                *output++ = (expression);                                      \
                at += step_a;                                                  \
                bt += step_b;                                                  \
            }                                                                  \
        } while (table != NULL && smelt_broadcast_next(&place, table));        \
    }

SMELT_BINARY_FUNCTION(smelt_div_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_div_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_div_s64, int64_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_maximum_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_maximum_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_maximum_s64, int64_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_minimum_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_minimum_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_minimum_s64, int64_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_pow_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_squared_difference_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_squared_difference_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_prelu_f32, float, float);

struct smelt_prelu_s8_parameters {
    int32_t input_zero_point, slope_zero_point, output_zero_point;
    int32_t mantissa, shift;               /* input scale / output scale */
    int32_t sloped_mantissa, sloped_shift; /* input scale * slope scale / output scale */
    int32_t count, step_input, step_slope; /* a row, as above */
};

SMELT_CODE_SECTION
void smelt_prelu_s8(int8_t *output, const int8_t *input, const int8_t *slopes,
                    const struct smelt_prelu_s8_parameters *parameters, const int32_t *table);

SMELT_BINARY_FUNCTION(smelt_floor_div_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_floor_div_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_floor_div_s64, int64_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_floor_mod_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_floor_mod_s32, int32_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_floor_mod_s64, int64_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_truncated_mod_f32, float, float);
SMELT_BINARY_FUNCTION(smelt_equal_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_equal_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_equal_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_not_equal_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_not_equal_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_not_equal_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_less_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_less_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_less_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_less_equal_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_less_equal_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_less_equal_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_greater_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_greater_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_greater_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_greater_equal_f32, uint8_t, float);
SMELT_BINARY_FUNCTION(smelt_greater_equal_s32, uint8_t, int32_t);
SMELT_BINARY_FUNCTION(smelt_greater_equal_s64, uint8_t, int64_t);
SMELT_BINARY_FUNCTION(smelt_logical_and_bool, uint8_t, uint8_t);
SMELT_BINARY_FUNCTION(smelt_logical_or_bool, uint8_t, uint8_t);
SMELT_BINARY_FUNCTION(smelt_logical_xor_bool, uint8_t, uint8_t);

#endif
