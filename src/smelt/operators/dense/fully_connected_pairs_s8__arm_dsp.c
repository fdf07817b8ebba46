/* fully_connected of many rows, or of a layer too short for code of its own: two rows at a time, as the two pixels of a
 * convolution. */
#include "dense__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_fully_connected_pairs_s8__arm_dsp(int8_t *output, const int8_t *input,
                                             const struct smelt_fully_connected_pairs_s8__arm_dsp_parameters *parameters,
                                             void *scratch) {
    const ptrdiff_t no_offset = 0;
    const int32_t inputs = parameters->inputs, outputs = parameters->gemm.channels;
    const int32_t batches = parameters->batches;
    struct smelt_fields_s8 fields;
    fields.columns[0] = input;
    fields.columns[1] = input + inputs;
    fields.offsets[0] = fields.offsets[1] = &no_offset;
    fields.count = 1;
    fields.words = inputs / 4;
    fields.rest = inputs % 4;
    fields.pairs = scratch;
    fields.rests = fields.pairs + 4 * fields.words;
    fields.column_step = 2 * inputs;
    fields.output_step = outputs;
    if (batches > 1) {
        smelt_gemm_fields_s8__arm_dsp(output, &fields, batches / 2, &parameters->gemm);
    }
    if (batches % 2 != 0) {
        fields.columns[1] = fields.columns[0];
        fields.output_step = 0;
        smelt_gemm_fields_s8__arm_dsp(output + (batches - 1) * outputs, &fields, 1, &parameters->gemm);
    }
    smelt_clamp_s8__arm_dsp(output, batches * outputs, parameters->gemm.low, parameters->gemm.high);
}
