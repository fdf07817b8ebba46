/* Conversions between float and quantized numbers: real = scale * (integer - zero_point). */
#ifndef SMELT_CONVERSION_H
#define SMELT_CONVERSION_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_quantize_parameters {
    int32_t count; /* elements */
    float scale;
    int32_t zero_point;
};

struct smelt_requantize_s8_parameters {
    int32_t count; /* elements */
    int32_t input_zero_point;
    int32_t mantissa, shift; /* input scale / output scale */
    int32_t zero_point;      /* of the output */
};

/* To nearest, ties away from zero; saturated, NaN becomes the lowest number. */
SMELT_CODE_SECTION
void smelt_quantize_f32_s8(int8_t *output, const float *input,
                           const struct smelt_quantize_parameters *parameters);
SMELT_CODE_SECTION
void smelt_dequantize_s8_f32(float *output, const int8_t *input,
                             const struct smelt_quantize_parameters *parameters);
/* Input and output may be the same memory where their elements have the same size. */
SMELT_CODE_SECTION
void smelt_requantize_s8(int8_t *output, const int8_t *input,
                         const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_requantize_s8_s16(int16_t *output, const int8_t *input,
                              const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_requantize_s16_s8(int8_t *output, const int16_t *input,
                              const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_requantize_s16_s16(int16_t *output, const int16_t *input,
                              const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_requantize_u8_s8(int8_t *output, const uint8_t *input,
                              const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_requantize_s8_u8(uint8_t *output, const int8_t *input,
                              const struct smelt_requantize_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_quantize_f32_s16(int16_t *output, const float *input, const struct smelt_quantize_parameters *parameters);
SMELT_CODE_SECTION
void smelt_dequantize_s16_f32(float *output, const int16_t *input, const struct smelt_quantize_parameters *parameters);
SMELT_CODE_SECTION
void smelt_quantize_f32_u8(uint8_t *output, const float *input, const struct smelt_quantize_parameters *parameters);
SMELT_CODE_SECTION
void smelt_dequantize_u8_f32(float *output, const uint8_t *input, const struct smelt_quantize_parameters *parameters);
SMELT_CODE_SECTION
void smelt_dequantize_f16_f32(float *output, const uint16_t *input, int32_t count);

#endif
