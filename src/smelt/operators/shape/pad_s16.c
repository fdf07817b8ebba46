/* Fills the output with any 16 bits, then copies the input into it. */
#include "shape.h"
#include "strided_runs.h"

void smelt_pad_s16(int16_t *output, const int16_t *input, const struct smelt_pad_parameters *parameters) {
    for (int32_t i = 0; i < parameters->output_bytes / 2; i++) {
        output[i] = (int16_t)parameters->value;
    }
    smelt_copy_runs((uint8_t *)output + parameters->output_offset, (const uint8_t *)input, parameters->run,
                    parameters->loops, parameters->axes);
}
