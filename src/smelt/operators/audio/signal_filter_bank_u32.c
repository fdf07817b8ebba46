#include "signal_operators.h"

SMELT_CODE_SECTION
static uint64_t weighted(const int16_t *weights, const uint32_t *input, int32_t width) {
    uint64_t sum = 0;
    for (int32_t k = 0; k < width; k++) {
        sum += (uint64_t)(int64_t)weights[k] * input[k];
    }
    return sum;
}

void smelt_signal_filter_bank_u32(uint64_t *output, const uint32_t *input, const int16_t *weights,
                                  const int16_t *unweights, const int16_t *starts, const int16_t *weight_starts,
                                  const int16_t *widths, int32_t channels) {
    uint64_t before = weighted(unweights + weight_starts[0], input + starts[0], widths[0]);
    for (int32_t k = 1; k <= channels; k++) {
        output[k - 1] = before + weighted(weights + weight_starts[k], input + starts[k], widths[k]);
        before = weighted(unweights + weight_starts[k], input + starts[k], widths[k]);
    }
}
