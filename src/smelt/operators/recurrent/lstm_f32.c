/* Long short-term memory. */
#include <stddef.h>

#include "recurrent.h"

SMELT_CODE_SECTION
void smelt_lstm_step_f32(float *state, float *cell, const float *sums, const float *more,
                         const struct smelt_recurrent_f32_parameters *p) {
    const int32_t units = p->units;
    for (int32_t i = 0; i < units; i++) {
        const float in = smelt_recurrent_activate_f32(sums[i] + more[i], p->gate_activation);
        const float forget = smelt_recurrent_activate_f32(sums[units + i] + more[units + i], p->gate_activation);
        const float new_cell = smelt_recurrent_activate_f32(sums[2 * units + i] + more[2 * units + i], p->activation);
        const float out = smelt_recurrent_activate_f32(sums[3 * units + i] + more[3 * units + i], p->gate_activation);
        cell[i] = forget * cell[i] + in * new_cell;
        state[i] = out * smelt_recurrent_activate_f32(cell[i], p->activation);
    }
}

SMELT_CODE_SECTION
void smelt_lstm_f32(float *sequence, float *last, float *last_cell, const float *input, const float *kernel,
                    const float *recurrent, const float *bias, const float *state, const float *cell,
                    const struct smelt_recurrent_f32_parameters *parameters, void *scratch) {
    const struct smelt_recurrent_f32_parameters p = *parameters;
    float *const h = scratch, *const c = h + p.units, *const sums = c + p.units, *const more = sums + 4 * p.units;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        smelt_recurrent_begin_f32(h, state == NULL ? NULL : state + batch * p.units, p.units);
        smelt_recurrent_begin_f32(c, cell == NULL ? NULL : cell + batch * p.units, p.units);
        for (int32_t k = 0; k < p.time; k++) {
            const int32_t at = batch * p.time + (p.reverse ? p.time - 1 - k : k);
            smelt_recurrent_product_f32(sums, kernel, input + at * p.features, bias, 4 * p.units, p.features);
            smelt_recurrent_product_f32(more, recurrent, h, NULL, 4 * p.units, p.units);
            smelt_lstm_step_f32(h, c, sums, more, &p);
            if (sequence != NULL) {
                smelt_recurrent_begin_f32(sequence + at * p.units, h, p.units);
            }
        }
        if (last != NULL) {
            smelt_recurrent_begin_f32(last + batch * p.units, h, p.units);
        }
        if (last_cell != NULL) {
            smelt_recurrent_begin_f32(last_cell + batch * p.units, c, p.units);
        }
    }
}
