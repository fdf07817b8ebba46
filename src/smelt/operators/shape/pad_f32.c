/* Fills the output with any float, then copies the input into it. */
#include "shape.h"
#include "strided_runs.h"

void smelt_pad_f32(float *output, const float *input, const struct smelt_pad_f32_parameters *parameters) {
    for (int32_t i = 0; i < parameters->output_bytes / 4; i++) {
        output[i] = parameters->value;
    }
    smelt_copy_runs((uint8_t *)output + parameters->output_offset, (const uint8_t *)input, parameters->run,
                    parameters->loops, parameters->axes);
}
