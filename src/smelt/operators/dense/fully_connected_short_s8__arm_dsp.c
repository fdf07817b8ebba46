/* fully_connected of a row so short that code of its own is not worth it: the row is the first of two pixels, and the
 * second one's outputs are overwritten. */
#include "dense_compact__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_fully_connected_short_s8__arm_dsp(
    int8_t *output, const int8_t *input, const struct smelt_fully_connected_compact_s8__arm_dsp_parameters *parameters,
    void *scratch) {
    smelt_copy_values_s8__arm_dsp(scratch, input, parameters->inputs);
    smelt_compact_gemm_two_s8__arm_dsp(output, scratch, 0, &parameters->gemm);
}
