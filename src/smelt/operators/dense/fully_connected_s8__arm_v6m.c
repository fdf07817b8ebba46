/* fully_connected: a few outputs at a time, whose sums are on the stack; inputs are read by words. */
#include "dense__arm_v6m.h"

#define TOGETHER 32 /* outputs; a multiple of 4 */

SMELT_CODE_SECTION
static const int8_t *copied(int8_t *to, const int8_t *from, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
        __asm volatile(""); /* else compilers call memcpy */
    }
    return to;
}

/* All outputs of the inputs that `dense` has. */
SMELT_CODE_SECTION
static void one_vector(int8_t *output, struct smelt_dense_s8__arm_v6m *dense,
                       const struct smelt_fully_connected_s8__arm_v6m_parameters *parameters) {
    const uint32_t *weights = parameters->weights, *records = parameters->records;
    struct smelt_requantize_s8__arm_v6m how = {1, 1, parameters->shift, 1, 0};
    int32_t sums[TOGETHER], *const count = parameters->shared ? &how.count : &how.channels;
    *count = TOGETHER;
    for (int32_t left = parameters->outputs; left > 0; left -= TOGETHER) {
        if (left < TOGETHER) {
            *count = left;
        }
        dense->sums_end = sums + ((*count + 3) & ~3);
        weights = smelt_dense_s8__arm_v6m(sums, weights, dense);
        const uint32_t *const next = smelt_requantize_s8__arm_v6m(output, records, sums, &how);
        if (!parameters->shared) {
            records = next;
        }
        dense->starts += TOGETHER;
        output += TOGETHER;
    }
}

SMELT_CODE_SECTION
void smelt_fully_connected_s8__arm_v6m(int8_t *output, const int8_t *input,
                                       const struct smelt_fully_connected_s8__arm_v6m_parameters *parameters,
                                       void *scratch) {
    const int32_t inputs = parameters->inputs, whole = parameters->whole;
    for (int32_t left = parameters->batches; left > 0; left--) {
        struct smelt_dense_s8__arm_v6m dense;
        int32_t total = 0;
        uint32_t last = 0;
        for (int32_t i = inputs - 1; i >= 0; i--) {
            total += input[i];
            if (i >= whole) {
                last = last << 8 | (uint8_t)input[i];
            }
        }
        dense.inputs = parameters->copied ? copied(scratch, input, whole) : input;
        dense.inputs_end = dense.inputs + whole;
        dense.last = last;
        dense.starts = parameters->starts;
        dense.offset = (uint32_t)total * (uint32_t)(-128 * 257);
        one_vector(output, &dense, parameters);
        input += inputs;
        output += parameters->outputs;
    }
}
