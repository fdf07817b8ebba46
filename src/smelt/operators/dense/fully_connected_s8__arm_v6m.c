/* fully_connected: every row of inputs becomes words once, which meet all weights. */
#include "dense__arm_v6m.h"

SMELT_CODE_SECTION
void smelt_fully_connected_s8__arm_v6m(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_v6m_parameters *parameters,
                                       void *scratch) {
    const int32_t outputs = parameters->outputs, shared = parameters->shared;
    const struct smelt_requantize_s8__arm_v6m how = {
        shared ? outputs : 1, 1, parameters->shift, shared ? 1 : outputs, 0};
    int32_t *const words = scratch, *const sums = words + ((parameters->inputs + 3) & ~3);
    struct smelt_dense_s8__arm_v6m dense = {words, sums, parameters->starts, sums + ((outputs + 3) & ~3), 0};
    for (int32_t row = 0; row < parameters->batches; row++) {
        int32_t total = 0, *word = words;
        for (int32_t i = 0; i < parameters->inputs; i++) {
            total += *input;
            *word++ = *input++;
        }
        while (word != sums) {
            *word++ = 0;
        }
        dense.offset = (uint32_t)total * (uint32_t)(-128 * 257);
        smelt_dense_s8__arm_v6m(sums, parameters->weights, &dense);
        smelt_requantize_s8__arm_v6m(output, parameters->records, sums, &how);
        output += outputs;
    }
}
