/* Joins up to 12 inputs along an axis. */
#include "concatenation_rows.h"
#include "shape.h"

void smelt_concatenation_12(void *output, const void *input_0, const void *input_1, const void *input_2,
                            const void *input_3, const void *input_4, const void *input_5,
                            const void *input_6, const void *input_7, const void *input_8,
                            const void *input_9, const void *input_10, const void *input_11,
                            const struct smelt_concatenation_parameters *parameters) {
    const void *inputs[] = {input_0, input_1, input_2, input_3, input_4,  input_5,
                            input_6, input_7, input_8, input_9, input_10, input_11};
    smelt_concatenate_rows(output, inputs, 12, parameters->rows, parameters->parts);
}
