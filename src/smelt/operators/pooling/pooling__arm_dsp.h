/* Pooling on Arm cores with the DSP extension: four channels or more. */
#ifndef SMELT_POOLING_ARM_DSP_H
#define SMELT_POOLING_ARM_DSP_H

#include "pooling.h"

/* Windows of at most 256 elements. */
SMELT_CODE_SECTION
void smelt_average_pool_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_average_pool_2d_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_all_s8__arm_dsp(int8_t *output, const int8_t *input,
                                   const struct smelt_average_all_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_average_pool_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                            const struct smelt_average_pool_2d_s8_parameters *parameters,
                                            int32_t first_row, int32_t row_count, int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_max_pool_2d_s8__arm_dsp(int8_t *output, const int8_t *input,
                                   const struct smelt_max_pool_2d_s8_parameters *parameters);
SMELT_CODE_SECTION
void smelt_max_pool_2d_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                        const struct smelt_max_pool_2d_s8_parameters *parameters,
                                        int32_t first_row, int32_t row_count, int32_t input_ring_rows);

/* As smelt_mean_s8 with rows and middle 1: of the columns, for each of inner channels. */
SMELT_CODE_SECTION
void smelt_mean_s8__arm_dsp(int8_t *output, const int8_t *input, const struct smelt_mean_s8_parameters *parameters);

/* As smelt_average_pool_2d_sums_s8 and smelt_mean_sums_s8, for channels that are a multiple of four. */
SMELT_CODE_SECTION
void smelt_average_pool_2d_sums_s8__arm_dsp(int8_t *output, const int8_t *input,
                                            const struct smelt_average_pool_2d_s8_parameters *parameters,
                                            void *scratch, int32_t first_row, int32_t row_count,
                                            int32_t input_ring_rows);
SMELT_CODE_SECTION
void smelt_mean_sums_s8__arm_dsp(int8_t *output, const int8_t *input,
                                 const struct smelt_mean_s8_parameters *parameters, void *scratch, int32_t first_row,
                                 int32_t row_count, int32_t input_ring_rows);

#endif
