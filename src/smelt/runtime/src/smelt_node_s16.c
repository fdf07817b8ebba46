/* What operators of int16 data and int8 weights share. */
#include "smelt_node.h"

#include "smelt_rows_s16.h"

enum { LARGEST_SHIFT = 7, LARGEST_MANTISSA = 0x7FFF, BEFORE_LARGEST = 0x7FFF0000 };

/* The bias, or zeros in scratch memory. */
static enum smelt_status read_bias(struct smelt_node *node, int32_t outputs, struct smelt_rows_s16 *rows) {
    struct smelt_tensor tensor;
    rows->wide = (uint8_t)smelt_node_has(node, 2);
    if (rows->wide) {
        const enum smelt_status status = smelt_node_input(node, 2, SMELT_S64, &tensor);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node, tensor.elements == outputs, "the bias must be a number a channel");
        rows->bias = tensor.data;
        return SMELT_OK;
    }
    void *const zeros = smelt_scratch(node, 4 * (uint32_t)outputs);
    if (smelt_ready(node)) {
        memset(zeros, 0, 4 * (size_t)outputs);
    }
    rows->bias = zeros;
    return SMELT_OK;
}

/* Multipliers of 15 bits, unless `mantissas` is NULL. */
static enum smelt_status derive(struct smelt_node *node, const struct smelt_scaling *scaling, uint32_t count,
                                int16_t *mantissas) {
    for (uint32_t channel = 0; channel < count; channel++) {
        const struct smelt_vector scales = scaling->w->scales;
        const uint32_t scale =
            smelt_file_word(&node->interpreter->file, scales.at + (scales.count == 1 ? 0 : 4 * channel));
        struct smelt_multiplier found;
        SMELT_REQUIRE(node,
                      smelt_derive_multiplier(&found, scaling->x->scale_bits, scale, scaling->y->scale_bits,
                                              scaling->channels == SMELT_ONE_SCALE) == 0 &&
                          found.shift <= LARGEST_SHIFT,
                      "a scale is not a positive number, or a multiplier too large");
        if (mantissas != NULL) {
            mantissas[channel] =
                (int16_t)(found.mantissa < BEFORE_LARGEST ? (found.mantissa + (1 << 15)) >> 16 : LARGEST_MANTISSA);
            ((uint8_t *)(mantissas + count))[channel] = (uint8_t)(15 - found.shift);
        }
    }
    return SMELT_OK;
}

enum smelt_status smelt_read_rows_s16(struct smelt_node *node, const struct smelt_scaling *scaling, int32_t outputs,
                                      uint32_t activation, struct smelt_rows_s16 *rows) {
    const uint32_t count = scaling->channels == SMELT_ONE_SCALE ? 1u : (uint32_t)outputs;
    const uint32_t scale_count = scaling->w->scales.count;
    const int at_invoke = (node->interpreter->setup.options & SMELT_MULTIPLIERS_AT_INVOKE) != 0;
    struct smelt_bounds bounds;
    enum smelt_status status;
    SMELT_REQUIRE(node, scaling->x->zero_point == 0 && scaling->w->zero_point == 0 && scaling->y->zero_point == 0,
                  "zero points of int16 data and their weights must be 0");
    SMELT_REQUIRE(node, scale_count == 1 || scale_count == count, "the weights have neither one scale nor one a channel");
    if ((status = read_bias(node, outputs, rows)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, scaling->y, activation, &bounds)) != SMELT_OK) {
        return status;
    }
    int16_t *const mantissas = (at_invoke ? smelt_scratch : smelt_keep)(node, 3 * count);
    rows->mantissas = mantissas;
    rows->shifts = mantissas != NULL ? (const uint8_t *)(mantissas + count) : NULL;
    rows->step = scaling->channels != SMELT_ONE_SCALE;
    rows->low = bounds.low;
    rows->high = bounds.high;
    return node->preparing || at_invoke ? derive(node, scaling, count, mantissas) : SMELT_OK;
}
