/* Receptive fields of two pixels as the pairs that smelt_gemm_two of smelt_gemm_s8__arm_dsp.h reads. */
#ifndef SMELT_EXPAND_FIELDS_S8_ARM_DSP_H
#define SMELT_EXPAND_FIELDS_S8_ARM_DSP_H

#include <stdint.h>

#include "smelt_placement.h"

/* A field is `count` runs of values, each `words` words of four and `rest` values more; run k of pixel p begins at
 * columns[p] + offsets[p][k]. */
struct smelt_fields_s8 {
    const int8_t *columns[2];
    const int32_t *offsets[2];
    int32_t count, words, rest;
    int32_t rest_words; /* (count * rest + 3) / 4 */
    int8_t *rests[2];   /* room for rest_words words each */
};

/* Expand both fields: the words of all runs, then the rest of all runs with up to three values more of no meaning. */
void smelt_expand_fields_s8__arm_dsp(uint32_t *pairs, const struct smelt_fields_s8 *fields);

#endif
