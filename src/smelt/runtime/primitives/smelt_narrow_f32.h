/* From sums of products with narrow weights to real outputs. */
#ifndef SMELT_NARROW_F32_H
#define SMELT_NARROW_F32_H

#include <stdint.h>

#include "smelt_clamp_f32.h"
#include "smelt_placement.h"

struct smelt_narrow_f32 {
    const float *bias;   /* one an output */
    const float *scales; /* of the weights of each output (step 1), or of all (step 0) */
    float low, high;     /* bounds of the output */
    int32_t step;
};

/* scale: of the data. */
SMELT_CODE_SECTION
static inline float smelt_narrow_output_f32(const struct smelt_narrow_f32 *p, int32_t output, float sum, float scale) {
    return smelt_clamp_f32(sum * p->scales[output * p->step] * scale + p->bias[output], p->low, p->high);
}

#endif
