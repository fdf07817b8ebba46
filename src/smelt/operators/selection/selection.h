/* Elements chosen or converted. */
#ifndef SMELT_SELECTION_H
#define SMELT_SELECTION_H

#include <stdint.h>

#include "smelt_placement.h"

/* The data as [batches, outer, size] slices of `run` bytes; `indices` of each batch, of one or two little endian 32-bit words.
 * Negative indices count from the end; one that is beyond an end is taken for the nearest. */
struct smelt_gather_parameters {
    int32_t batches, outer, size, indices, index_words, run;
};

void smelt_gather(void *output, const void *data, const void *indices,
                  const struct smelt_gather_parameters *parameters);

/* Elements of `size` bytes. `loops` nested loops, innermost first: count, then the bytes that condition, a and b advance
 * when it goes on, less what the loops inside it advanced. */
void smelt_select(void *output, const uint8_t *condition, const void *a, const void *b, int32_t size, int32_t loops,
                  const int32_t *table);

/* Defines a conversion of `count` elements. */
#define SMELT_CAST(name, to, from, expression)                      \
    SMELT_CODE_SECTION                                              \
    void name(to *output, const from *input, int32_t count) {       \
        for (int32_t i = 0; i < count; i++) {                       \
            const from x = input[i];                                \
            output[i] = (expression);                               \
        }                                                           \
    }

void smelt_cast_f32_s32(int32_t *output, const float *input, int32_t count);
void smelt_cast_f32_s64(int64_t *output, const float *input, int32_t count);
void smelt_cast_f32_s8(int8_t *output, const float *input, int32_t count);
void smelt_cast_f32_u8(uint8_t *output, const float *input, int32_t count);
void smelt_cast_f32_bool(uint8_t *output, const float *input, int32_t count);
void smelt_cast_s32_f32(float *output, const int32_t *input, int32_t count);
void smelt_cast_s32_s64(int64_t *output, const int32_t *input, int32_t count);
void smelt_cast_s32_s8(int8_t *output, const int32_t *input, int32_t count);
void smelt_cast_s32_u8(uint8_t *output, const int32_t *input, int32_t count);
void smelt_cast_s32_bool(uint8_t *output, const int32_t *input, int32_t count);
void smelt_cast_s64_f32(float *output, const int64_t *input, int32_t count);
void smelt_cast_s64_s32(int32_t *output, const int64_t *input, int32_t count);
void smelt_cast_s64_s8(int8_t *output, const int64_t *input, int32_t count);
void smelt_cast_s64_u8(uint8_t *output, const int64_t *input, int32_t count);
void smelt_cast_s64_bool(uint8_t *output, const int64_t *input, int32_t count);
void smelt_cast_s8_f32(float *output, const int8_t *input, int32_t count);
void smelt_cast_s8_s32(int32_t *output, const int8_t *input, int32_t count);
void smelt_cast_s8_s64(int64_t *output, const int8_t *input, int32_t count);
void smelt_cast_s8_u8(uint8_t *output, const int8_t *input, int32_t count);
void smelt_cast_s8_bool(uint8_t *output, const int8_t *input, int32_t count);
void smelt_cast_u8_f32(float *output, const uint8_t *input, int32_t count);
void smelt_cast_u8_s32(int32_t *output, const uint8_t *input, int32_t count);
void smelt_cast_u8_s64(int64_t *output, const uint8_t *input, int32_t count);
void smelt_cast_u8_s8(int8_t *output, const uint8_t *input, int32_t count);
void smelt_cast_u8_bool(uint8_t *output, const uint8_t *input, int32_t count);
void smelt_cast_bool_f32(float *output, const uint8_t *input, int32_t count);
void smelt_cast_bool_s32(int32_t *output, const uint8_t *input, int32_t count);
void smelt_cast_bool_s64(int64_t *output, const uint8_t *input, int32_t count);
void smelt_cast_bool_s8(int8_t *output, const uint8_t *input, int32_t count);
void smelt_cast_bool_u8(uint8_t *output, const uint8_t *input, int32_t count);

#endif
