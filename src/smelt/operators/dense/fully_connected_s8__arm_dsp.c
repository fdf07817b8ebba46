/* fully_connected: every row is expanded once, then multiplied with all weights. */
#include "dense__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_fully_connected_s8__arm_dsp(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_dsp_parameters *parameters,
                                       void *scratch) {
    const int32_t inputs = parameters->inputs, rest = inputs % 4, outputs = parameters->gemm.channels;
    for (int32_t row = 0; row < parameters->batches; row++) {
        uint32_t *pairs = scratch;
        if (inputs > rest) {
            pairs = smelt_expand_one_s8__arm_dsp(pairs, input, inputs - rest);
        }
        if (rest > 0) {
            int8_t last[4] = {0, 0, 0, 0};
            smelt_copy_few_s8(last, input + inputs - rest, rest);
            smelt_expand_one_s8__arm_dsp(pairs, last, 4);
        }
        smelt_gemm_one_s8__arm_dsp(output, scratch, &parameters->gemm);
        smelt_clamp_s8__arm_dsp(output, outputs, parameters->gemm.low, parameters->gemm.high);
        input += inputs;
        output += outputs;
    }
}
