/* fully_connected: every row by itself. */
#include "dense__arm_mve.h"

void smelt_fully_connected_s8__arm_mve(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_mve_parameters *parameters) {
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_gemm_one_s8__arm_mve(output, input, &parameters->gemm);
        input += parameters->gemm.depth;
        output += parameters->gemm.count;
    }
}
