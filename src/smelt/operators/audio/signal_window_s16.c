#include "signal_operators.h"

void smelt_signal_window_s16(int16_t *output, const int16_t *input, const int16_t *weights, int32_t rows, int32_t size,
                             int32_t shift) {
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t k = 0; k < size; k++) {
            const int32_t product = (int32_t)*input++ * weights[k] >> shift;
            *output++ = (int16_t)(product < INT16_MIN ? INT16_MIN : product > INT16_MAX ? INT16_MAX : product);
        }
    }
}
