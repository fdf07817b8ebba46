#include "signal_operators.h"

void smelt_signal_filter_bank_spectral_subtraction_u32(uint32_t *output, uint32_t *noise, const uint32_t *input,
                                                       const struct smelt_signal_subtraction *parameters, void *state) {
    uint32_t *const kept = state;
    for (int32_t k = 0; k < parameters->channels; k++) {
        const uint32_t scaled = input[k] << parameters->smoothing_bits, old = parameters->fresh ? 0 : kept[k];
        const uint64_t sum = (uint64_t)scaled * parameters->smoothing[k & 1] +
                             (uint64_t)old * parameters->one_minus_smoothing[k & 1];
        const uint32_t estimate = (uint32_t)(sum >> parameters->bits), limited = estimate > scaled ? scaled : estimate;
        const uint32_t least = (uint32_t)((uint64_t)input[k] * parameters->min_signal_remaining >> parameters->bits);
        const uint32_t rest = (scaled - limited) >> parameters->smoothing_bits;
        kept[k] = noise[k] = parameters->clamping ? limited : estimate;
        output[k] = rest > least ? rest : least;
    }
}
