/* Joins up to 4 inputs along an axis. */
#include "concatenation_rows.h"
#include "shape.h"

void smelt_concatenation_4(void *output, const void *input_0, const void *input_1, const void *input_2,
                           const void *input_3, const struct smelt_concatenation_parameters *parameters) {
    const void *inputs[] = {input_0, input_1, input_2, input_3};
    smelt_concatenate_rows(output, inputs, 4, parameters->rows, parameters->parts);
}
