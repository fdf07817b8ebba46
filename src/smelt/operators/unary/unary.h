/* Functions of one number, applied to `count` elements; input and output may be the same memory. */
#ifndef SMELT_UNARY_H
#define SMELT_UNARY_H

#include <stdint.h>

#include "smelt_placement.h"

/* Defines such a function: `expression` says the output for x. */
#define SMELT_UNARY(name, type, expression)                         \
    SMELT_CODE_SECTION                                              \
    void name(type *output, const type *input, int32_t count) {     \
        for (int32_t i = 0; i < count; i++) {                       \
            const type x = input[i];                                \
            output[i] = (expression);                               \
        }                                                           \
    }

void smelt_abs_f32(float *output, const float *input, int32_t count);
void smelt_abs_s32(int32_t *output, const int32_t *input, int32_t count);
void smelt_abs_s64(int64_t *output, const int64_t *input, int32_t count);
void smelt_neg_f32(float *output, const float *input, int32_t count);
void smelt_neg_s32(int32_t *output, const int32_t *input, int32_t count);
void smelt_neg_s64(int64_t *output, const int64_t *input, int32_t count);
void smelt_exp_f32(float *output, const float *input, int32_t count);
void smelt_log_f32(float *output, const float *input, int32_t count);
void smelt_sqrt_f32(float *output, const float *input, int32_t count);
void smelt_rsqrt_f32(float *output, const float *input, int32_t count);
void smelt_reciprocal_f32(float *output, const float *input, int32_t count);
void smelt_sin_f32(float *output, const float *input, int32_t count);
void smelt_cos_f32(float *output, const float *input, int32_t count);
void smelt_floor_f32(float *output, const float *input, int32_t count);
void smelt_ceil_f32(float *output, const float *input, int32_t count);
void smelt_square_f32(float *output, const float *input, int32_t count);
void smelt_square_s32(int32_t *output, const int32_t *input, int32_t count);
void smelt_square_s64(int64_t *output, const int64_t *input, int32_t count);
void smelt_sign_f32(float *output, const float *input, int32_t count);
void smelt_sign_s32(int32_t *output, const int32_t *input, int32_t count);
void smelt_sign_s64(int64_t *output, const int64_t *input, int32_t count);
void smelt_softplus_f32(float *output, const float *input, int32_t count);
void smelt_erf_f32(float *output, const float *input, int32_t count);
void smelt_round_f32(float *output, const float *input, int32_t count);

struct smelt_elu_f32_parameters {
    float alpha;
};

void smelt_elu_f32(float *output, const float *input, const struct smelt_elu_f32_parameters *parameters, int32_t count);
void smelt_gelu_f32(float *output, const float *input, int32_t approximate, int32_t count);

void smelt_tan_f32(float *output, const float *input, int32_t count);
void smelt_asin_f32(float *output, const float *input, int32_t count);
void smelt_acos_f32(float *output, const float *input, int32_t count);
void smelt_atan_f32(float *output, const float *input, int32_t count);
void smelt_sinh_f32(float *output, const float *input, int32_t count);
void smelt_cosh_f32(float *output, const float *input, int32_t count);
void smelt_asinh_f32(float *output, const float *input, int32_t count);
void smelt_acosh_f32(float *output, const float *input, int32_t count);
void smelt_atanh_f32(float *output, const float *input, int32_t count);
void smelt_logical_not_bool(uint8_t *output, const uint8_t *input, int32_t count);
#endif
