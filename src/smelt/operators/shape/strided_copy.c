/* Copies runs of bytes from where the input has them to where the output wants them. */
#include "shape.h"
#include "strided_runs.h"

void smelt_strided_copy(void *output, const void *input, const struct smelt_strided_copy_parameters *parameters) {
    smelt_copy_runs(output, (const uint8_t *)input + parameters->input_offset, parameters->run,
                    parameters->loops, parameters->axes);
}
