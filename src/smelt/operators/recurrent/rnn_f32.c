/* A fully connected recurrent layer. */
#include <stddef.h>

#include "recurrent.h"

SMELT_CODE_SECTION
void smelt_rnn_f32(float *sequence, float *last, const float *input, const float *kernel, const float *recurrent,
                   const float *bias, const float *state, const struct smelt_recurrent_f32_parameters *parameters,
                   void *scratch) {
    const struct smelt_recurrent_f32_parameters p = *parameters;
    float *const h = scratch, *const sums = h + 2 * p.units, *const more = sums + p.units;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        smelt_recurrent_begin_f32(h, state == NULL ? NULL : state + batch * p.units, p.units);
        for (int32_t k = 0; k < p.time; k++) {
            const int32_t at = batch * p.time + (p.reverse ? p.time - 1 - k : k);
            smelt_recurrent_product_f32(sums, kernel, input + at * p.features, bias, p.units, p.features);
            smelt_recurrent_product_f32(more, recurrent, h, NULL, p.units, p.units);
            for (int32_t i = 0; i < p.units; i++) {
                h[i] = smelt_recurrent_activate_f32(sums[i] + more[i], p.activation);
            }
            if (sequence != NULL) {
                smelt_recurrent_begin_f32(sequence + at * p.units, h, p.units);
            }
        }
        if (last != NULL) {
            smelt_recurrent_begin_f32(last + batch * p.units, h, p.units);
        }
    }
}
