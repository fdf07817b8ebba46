/* Averages and maxima over windows (average_pool_2d, max_pool_2d) and over whole axes (mean).
 * Activations are NHWC; strides and padding count elements. No kernel works in place.
 *
 * A function with `rows` in its name computes row_count output rows of a batch of one, from first_row on, the first at
 * `output`; row r of the input lies r modulo input_ring_rows rows after `input`. */
#ifndef SMELT_POOLING_H
#define SMELT_POOLING_H

#include <stdint.h>

#include "smelt_placement.h"

/* Every window overlaps the input: padding is less than the filter. */
struct smelt_average_pool_2d_s8_parameters {
    int32_t batches, input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width, stride_height, stride_width, pad_top, pad_left;
    int32_t low, high;           /* bounds of the output */
    const uint32_t *reciprocals; /* at [k]: ceil(2^24 / n) for a window of n = filter elements - k */
};

/* One window that is the whole image. */
struct smelt_average_all_s8_parameters {
    uint32_t reciprocal;               /* ceil(2^24 / count) */
    uint16_t batches, count, channels; /* count: elements of a channel */
    int8_t low, high;
};

struct smelt_max_pool_2d_s8_parameters {
    int32_t batches, input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width, stride_height, stride_width, pad_top, pad_left;
    int32_t low, high;
};

struct smelt_pool_2d_s16_parameters {
    int32_t batches, input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width, stride_height, stride_width, pad_top, pad_left;
    int32_t low, high;
};

struct smelt_pool_2d_f32_parameters {
    int32_t batches, input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t filter_height, filter_width, stride_height, stride_width, pad_top, pad_left;
    float low, high;
};

/* The input, int8 or int16, as [outer, rows, middle, columns, inner], of which rows and columns are averaged. */
struct smelt_mean_s8_parameters {
    int32_t outer, rows, middle, columns, inner;
    int32_t offset;          /* -input zero point * rows * columns */
    int32_t mantissa, shift; /* input scale / output scale / (rows * columns) */
    int32_t output_zero_point;
};

struct smelt_mean_f32_parameters {
    int32_t outer, rows, middle, columns, inner;
};

SMELT_CODE_SECTION
void smelt_average_pool_2d_s8(int8_t *output, const int8_t *input,
                              const struct smelt_average_pool_2d_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_pool_2d_rows_s8(int8_t *output, const int8_t *input,
                                   const struct smelt_average_pool_2d_s8_parameters *parameters,
                                   int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_average_all_s8(int8_t *output, const int8_t *input,
                          const struct smelt_average_all_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_pool_2d_f32(float *output, const float *input,
                               const struct smelt_pool_2d_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_pool_2d_rows_f32(float *output, const float *input,
                                    const struct smelt_pool_2d_f32_parameters *parameters,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_max_pool_2d_s8(int8_t *output, const int8_t *input,
                          const struct smelt_max_pool_2d_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_max_pool_2d_rows_s8(int8_t *output, const int8_t *input,
                               const struct smelt_max_pool_2d_s8_parameters *parameters,
                               int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_max_pool_2d_f32(float *output, const float *input,
                           const struct smelt_pool_2d_f32_parameters *parameters);
SMELT_CODE_SECTION
void smelt_max_pool_2d_rows_f32(float *output, const float *input,
                                const struct smelt_pool_2d_f32_parameters *parameters,
                                int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_average_pool_2d_s16(int16_t *output, const int16_t *input,
                               const struct smelt_pool_2d_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_pool_2d_rows_s16(int16_t *output, const int16_t *input,
                                    const struct smelt_pool_2d_s16_parameters *parameters,
                                    int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_max_pool_2d_s16(int16_t *output, const int16_t *input,
                           const struct smelt_pool_2d_s16_parameters *parameters);
SMELT_CODE_SECTION
void smelt_max_pool_2d_rows_s16(int16_t *output, const int16_t *input,
                                const struct smelt_pool_2d_s16_parameters *parameters,
                                int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_mean_s16(int16_t *output, const int16_t *input, const struct smelt_mean_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mean_s8(int8_t *output, const int8_t *input, const struct smelt_mean_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_mean_f32(float *output, const float *input, const struct smelt_mean_f32_parameters *parameters);

/* The same for batches of one where one window has all of the image, and for the mean over height and width: rows
 * first_row .. first_row + row_count - 1 of the input are taken, in order from row 0; the last one has the output
 * written. scratch: a word a channel, kept in between. */
SMELT_CODE_SECTION
void smelt_average_pool_2d_sums_s8(int8_t *output, const int8_t *input,
                                   const struct smelt_average_pool_2d_s8_parameters *parameters, void *scratch,
                                   int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_mean_sums_s8(int8_t *output, const int8_t *input, const struct smelt_mean_s8_parameters *parameters,
                        void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows);

#endif
