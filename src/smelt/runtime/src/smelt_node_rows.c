/* What kernels are told of sums of products that they requantize themselves. */
#include "smelt_node.h"

#include "smelt_rows_s16.h"
#include "smelt_rows_s8.h"

enum { LARGEST_SHIFT = 7, LARGEST_MANTISSA = 0x7FFF, BEFORE_LARGEST = 0x7FFF0000 };

/* Input 2, or words of zero in scratch memory where there is none. */
static enum smelt_status read_bias(struct smelt_node *node, enum smelt_type type, int32_t outputs, const void **bias) {
    struct smelt_tensor tensor;
    if (smelt_node_has(node, 2)) {
        const enum smelt_status status = smelt_node_input(node, 2, type, &tensor);
        if (status != SMELT_OK) {
            return status;
        }
        SMELT_REQUIRE(node, tensor.elements == outputs, "the bias must be a number a channel");
        *bias = tensor.data;
        return SMELT_OK;
    }
    void *const zeros = smelt_scratch(node, 4 * (uint32_t)outputs);
    if (smelt_ready(node)) {
        memset(zeros, 0, 4 * (size_t)outputs);
    }
    *bias = zeros;
    return SMELT_OK;
}

/* How many multipliers there are; 0 where there are as many scales as neither weights nor channels want. */
static uint32_t count_of(const struct smelt_scaling *scaling, int32_t outputs) {
    const uint32_t count = scaling->channels == SMELT_ONE_SCALE ? 1u : (uint32_t)outputs;
    return scaling->w->scales.count == 1 || scaling->w->scales.count == count ? count : 0;
}

/* Memory for `bytes` bytes of multipliers; *fill: whether they are to be derived now. */
static void *memory_of(struct smelt_node *node, uint32_t bytes, int *fill) {
    const int at_invoke = (node->interpreter->setup.options & SMELT_MULTIPLIERS_AT_INVOKE) != 0;
    *fill = node->preparing || at_invoke;
    return (at_invoke ? smelt_scratch : smelt_keep)(node, bytes);
}

static enum smelt_status derive(struct smelt_node *node, const struct smelt_scaling *scaling, uint32_t channel,
                                int32_t largest_shift, struct smelt_multiplier *found) {
    const struct smelt_vector scales = scaling->w->scales;
    const uint32_t scale = smelt_file_word(&node->interpreter->file, scales.at + (scales.count == 1 ? 0 : 4 * channel));
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(found, scaling->x->scale_bits, scale, scaling->y->scale_bits,
                                          scaling->channels == SMELT_ONE_SCALE) == 0 &&
                      found->shift <= largest_shift,
                  "a scale is not a positive number, or a multiplier too large");
    return SMELT_OK;
}

enum smelt_status smelt_read_rows_s8(struct smelt_node *node, const struct smelt_scaling *scaling, int32_t outputs,
                                     uint32_t activation, struct smelt_rows_s8 *rows) {
    const uint32_t count = count_of(scaling, outputs);
    struct smelt_bounds bounds;
    const void *bias;
    int fill;
    enum smelt_status status;
    SMELT_REQUIRE(node, count != 0, "the weights have neither one scale nor one a channel");
    if ((status = read_bias(node, SMELT_S32, outputs, &bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, scaling->y, activation, &bounds)) != SMELT_OK) {
        return status;
    }
    int32_t *const mantissas = memory_of(node, 5 * count, &fill);
    int8_t *const shifts = mantissas != NULL ? (int8_t *)(mantissas + count) : NULL;
    const struct smelt_rows_s8 found = {bias,
                                        mantissas,
                                        shifts,
                                        scaling->channels != SMELT_ONE_SCALE,
                                        (int8_t)scaling->y->zero_point,
                                        (int8_t)bounds.low,
                                        (int8_t)bounds.high};
    *rows = found;
    for (uint32_t channel = 0; fill && channel < count && status == SMELT_OK; channel++) {
        struct smelt_multiplier one;
        status = derive(node, scaling, channel, INT8_MAX, &one);
        if (status == SMELT_OK && mantissas != NULL) {
            mantissas[channel] = one.mantissa;
            shifts[channel] = (int8_t)one.shift;
        }
    }
    return status;
}

enum smelt_status smelt_read_rows_s16(struct smelt_node *node, const struct smelt_scaling *scaling, int32_t outputs,
                                      uint32_t activation, struct smelt_rows_s16 *rows) {
    const uint32_t count = count_of(scaling, outputs);
    struct smelt_bounds bounds;
    int fill;
    enum smelt_status status;
    SMELT_REQUIRE(node, scaling->x->zero_point == 0 && scaling->w->zero_point == 0 && scaling->y->zero_point == 0,
                  "zero points of int16 data and their weights must be 0");
    SMELT_REQUIRE(node, count != 0, "the weights have neither one scale nor one a channel");
    if ((status = read_bias(node, SMELT_S64, outputs, &rows->bias)) != SMELT_OK ||
        (status = smelt_activation_bounds(node, scaling->y, activation, &bounds)) != SMELT_OK) {
        return status;
    }
    int16_t *const mantissas = memory_of(node, 3 * count, &fill);
    uint8_t *const shifts = mantissas != NULL ? (uint8_t *)(mantissas + count) : NULL;
    rows->mantissas = mantissas;
    rows->shifts = shifts;
    rows->step = scaling->channels != SMELT_ONE_SCALE;
    rows->wide = (uint8_t)smelt_node_has(node, 2);
    rows->low = bounds.low;
    rows->high = bounds.high;
    for (uint32_t channel = 0; fill && channel < count && status == SMELT_OK; channel++) {
        struct smelt_multiplier one;
        status = derive(node, scaling, channel, LARGEST_SHIFT, &one);
        if (status == SMELT_OK && mantissas != NULL) {
            mantissas[channel] =
                (int16_t)(one.mantissa < BEFORE_LARGEST ? (one.mantissa + (1 << 15)) >> 16 : LARGEST_MANTISSA);
            shifts[channel] = (uint8_t)(15 - one.shift);
        }
    }
    return status;
}
