/* Rows whose length is no multiple of four are copied, zeros behind them. */
#include "dense_s16__arm_dsp.h"

void smelt_fully_connected_s16__arm_dsp(int16_t *output, const int16_t *input,
                                        const struct smelt_fully_connected_s16__arm_dsp_parameters *parameters,
                                        void *scratch) {
    const int32_t inputs = parameters->inputs, depth = parameters->gemm.depth;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        const int16_t *row = input;
        if (inputs != depth) {
            int16_t *const copy = scratch;
            for (int32_t i = 0; i < depth; i++) {
                copy[i] = (int16_t)(i < inputs ? input[i] : 0);
            }
            row = copy;
        }
        smelt_gemm_one_s16__arm_dsp(output, row, &parameters->gemm, &parameters->outputs);
        output += parameters->gemm.channels;
        input += inputs;
    }
}
