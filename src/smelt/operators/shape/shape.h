/* Moving elements without looking at them: transpose, strided_slice, pad, concatenation, for elements of
 * any size. Every length and step counts bytes. No kernel works in place. */
#ifndef SMELT_SHAPE_H
#define SMELT_SHAPE_H

#include <stdint.h>

#include "smelt_placement.h"

#define SMELT_STRIDED_COPY_LOOPS 8

/* Runs of bytes that lie together on both sides, and nested loops over them. */
struct smelt_strided_copy_parameters {
    int32_t run;
    int32_t input_offset; /* of the first run */
    int32_t loops;        /* 1 .. SMELT_STRIDED_COPY_LOOPS */
    const int32_t *axes;  /* for each loop, innermost first: count >= 1, input step, output step; a step goes
                             from the last run of the loop's previous round to the first of its next */
};

struct smelt_pad_parameters {
    int32_t run;
    int32_t output_offset; /* of the first run */
    int32_t loops;
    const int32_t *axes;
    int32_t output_bytes;
    int32_t value; /* every byte of the padding; of smelt_pad_s16 every element */
};

struct smelt_pad_f32_parameters {
    int32_t run;
    int32_t output_offset;
    int32_t loops;
    const int32_t *axes;
    int32_t output_bytes;
    float value;
};

/* Unused inputs may be anything and have part 0. */
struct smelt_concatenation_parameters {
    int32_t rows;         /* the product of the dimensions before the axis, >= 1 */
    const int32_t *parts; /* bytes of each input in a row, as many as the function takes */
};

/* Used by transpose and strided_slice. */
SMELT_CODE_SECTION
void smelt_strided_copy(void *output, const void *input, const struct smelt_strided_copy_parameters *parameters);
SMELT_CODE_SECTION
void smelt_pad(void *output, const void *input, const struct smelt_pad_parameters *parameters);
SMELT_CODE_SECTION
void smelt_pad_s16(int16_t *output, const int16_t *input, const struct smelt_pad_parameters *parameters);
SMELT_CODE_SECTION
void smelt_pad_f32(float *output, const float *input, const struct smelt_pad_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_concatenation_4(void *output, const void *input_0, const void *input_1, const void *input_2,
                           const void *input_3, const struct smelt_concatenation_parameters *parameters);
SMELT_CODE_SECTION
void smelt_concatenation_12(void *output, const void *input_0, const void *input_1, const void *input_2,
                            const void *input_3, const void *input_4, const void *input_5,
                            const void *input_6, const void *input_7, const void *input_8,
                            const void *input_9, const void *input_10, const void *input_11,
                            const struct smelt_concatenation_parameters *parameters);

#endif
