/* fully_connected of many rows, or of a layer too short for code of its own: two rows at a time, as the two pixels of a
 * convolution. */
#include "dense__arm_dsp.h"

#include "smelt_expand_fields_s8__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_fully_connected_pairs_s8__arm_dsp(int8_t *output, const int8_t *input,
                                             const struct smelt_fully_connected_pairs_s8__arm_dsp_parameters *parameters,
                                             void *scratch) {
    static const int32_t no_offset = 0;
    const int32_t inputs = parameters->inputs, depth = parameters->gemm.depth, outputs = parameters->gemm.channels;
    struct smelt_fields_s8 fields;
    fields.offsets[0] = fields.offsets[1] = &no_offset;
    fields.count = 1;
    fields.words = inputs / 4;
    fields.rest = inputs % 4;
    fields.rest_words = (depth - inputs + 3) / 4;
    fields.rests[0] = (int8_t *)((uint32_t *)scratch + depth);
    fields.rests[1] = fields.rests[0] + 4;
    for (int32_t left = parameters->batches; left > 0; left -= 2) {
        /* An odd last row is computed twice, into the same place. */
        const int32_t second = left > 1;
        fields.columns[0] = input;
        fields.columns[1] = input + second * inputs;
        smelt_expand_fields_s8__arm_dsp(scratch, &fields);
        smelt_gemm_two_s8__arm_dsp(output, scratch, second * outputs, &parameters->gemm);
        smelt_clamp_s8__arm_dsp(output, (second + 1) * outputs, parameters->gemm.low, parameters->gemm.high);
        input += 2 * inputs;
        output += 2 * outputs;
    }
}
