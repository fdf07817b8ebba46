/* Gated recurrent units. */
#include <stddef.h>

#include "recurrent.h"

/* state = update * state + (1 - update) * new, from the sums over the inputs and over the state. */
SMELT_CODE_SECTION
static void step(float *state, float *sums, float *more, const float *recurrent,
                 const struct smelt_recurrent_f32_parameters *p) {
    const int32_t units = p->units;
    float *const update = sums, *const reset = sums + units, *const own = sums + 2 * units;
    float *const product = more + 2 * units;
    for (int32_t i = 0; i < 2 * units; i++) {
        sums[i] = smelt_recurrent_activate_f32(sums[i] + more[i], p->gate_activation);
    }
    if (p->reset_after) {
        for (int32_t i = 0; i < units; i++) {
            product[i] *= reset[i];
        }
    } else {
        for (int32_t i = 0; i < units; i++) {
            more[i] = reset[i] * state[i];
        }
        smelt_recurrent_product_f32(product, recurrent + 2 * units * units, more, NULL, units, units);
    }
    for (int32_t i = 0; i < units; i++) {
        const float new_value = smelt_recurrent_activate_f32(own[i] + product[i], p->activation);
        state[i] = update[i] * state[i] + (1.0f - update[i]) * new_value;
    }
}

SMELT_CODE_SECTION
void smelt_gru_f32(float *sequence, float *last, const float *input, const float *kernel, const float *recurrent,
                   const float *bias, const float *state, const struct smelt_recurrent_f32_parameters *parameters,
                   void *scratch) {
    const struct smelt_recurrent_f32_parameters p = *parameters;
    const float *const more_bias = bias != NULL && p.reset_after ? bias + 3 * p.units : NULL;
    float *const h = scratch, *const sums = h + 2 * p.units, *const more = sums + 3 * p.units;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        smelt_recurrent_begin_f32(h, state == NULL ? NULL : state + batch * p.units, p.units);
        for (int32_t k = 0; k < p.time; k++) {
            const int32_t at = batch * p.time + (p.reverse ? p.time - 1 - k : k);
            smelt_recurrent_product_f32(sums, kernel, input + at * p.features, bias, 3 * p.units, p.features);
            smelt_recurrent_product_f32(more, recurrent, h, more_bias, (p.reset_after ? 3 : 2) * p.units, p.units);
            step(h, sums, more, recurrent, &p);
            if (sequence != NULL) {
                smelt_recurrent_begin_f32(sequence + at * p.units, h, p.units);
            }
        }
        if (last != NULL) {
            smelt_recurrent_begin_f32(last + batch * p.units, h, p.units);
        }
    }
}
