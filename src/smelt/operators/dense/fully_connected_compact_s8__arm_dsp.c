/* fully_connected in little code: a row is read where it lies, or copied where its last word reaches beyond it. */
#include "dense_compact__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_fully_connected_compact_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_fully_connected_compact_s8__arm_dsp_parameters *parameters,
    void *scratch) {
    for (int32_t row = parameters->batches; row > 0; row--) {
        const int8_t *values = input;
        if (parameters->inputs < parameters->gemm.depth) {
            smelt_copy_values_s8__arm_dsp(scratch, input, parameters->inputs);
            values = scratch;
        }
        smelt_compact_gemm_one_s8__arm_dsp(output, values, &parameters->gemm);
        input += parameters->inputs;
        output += parameters->gemm.channels;
    }
}
