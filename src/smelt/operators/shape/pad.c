/* Fills the output with padding whose bytes are all the same, then copies the input into it. */
#include <string.h>

#include "shape.h"
#include "strided_runs.h"

void smelt_pad(void *output, const void *input, const struct smelt_pad_parameters *parameters) {
    memset(output, (int)parameters->value, (size_t)parameters->output_bytes);
    smelt_copy_runs((uint8_t *)output + parameters->output_offset, input, parameters->run, parameters->loops,
                    parameters->axes);
}
