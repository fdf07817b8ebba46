#include "interpreted_dequantize.h"

#include "smelt_records.h"

enum { TENSOR_QUANTIZATION = 4, ZERO_POINTS = 3, AXIS = 6 };

/* Where there are several scales: one an index of the axis that the file names. */
static enum smelt_status read_axis(struct smelt_node *node, uint32_t quantization, struct smelt_scaled *t) {
    const uint32_t axis = smelt_file_u32(&node->interpreter->file, quantization, AXIS, 0);
    SMELT_REQUIRE(node,
                  axis < (uint32_t)t->x.rank && (uint32_t)smelt_dimension(node, &t->x, axis) == t->x.scales.count &&
                      (t->zero_points.count == 0 || t->zero_points.count == t->x.scales.count),
                  "the scales must be one a channel");
    t->runs = 0;
    if (t->x.elements != 0) {
        t->length = 1;
        for (uint32_t k = axis + 1; k < (uint32_t)t->x.rank; k++) {
            t->length *= smelt_dimension(node, &t->x, k);
        }
        t->runs = t->x.elements / t->length;
    }
    return SMELT_OK;
}

enum smelt_status smelt_read_scaled(struct smelt_node *node, enum smelt_type type, struct smelt_scaled *t) {
    struct smelt_file *const file = &node->interpreter->file;
    enum smelt_status status = smelt_node_unary(node, type, SMELT_F32, &t->x, &t->y);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t table = smelt_records(node->interpreter)[smelt_file_word(file, node->inputs.at)].table;
    const uint32_t quantization = smelt_file_table(file, table, TENSOR_QUANTIZATION);
    t->zero_points = smelt_file_vector(file, quantization, ZERO_POINTS, 8);
    t->runs = 1;
    t->length = t->x.elements;
    SMELT_REQUIRE(node, t->x.elements == t->y.elements && t->x.scales.count != 0,
                  "the input must have scales and the output's shape");
    if (t->x.scales.count > 1 && (status = read_axis(node, quantization, t)) != SMELT_OK) {
        return status;
    }
    const int32_t low = type == SMELT_U8 ? 0 : type == SMELT_S8 ? INT8_MIN : INT16_MIN;
    const int32_t high = type == SMELT_U8 ? UINT8_MAX : -1 - low;
    for (uint32_t k = 0; k < t->zero_points.count; k++) {
        const int32_t zero_point = (int32_t)smelt_file_word(file, t->zero_points.at + 8 * k);
        SMELT_REQUIRE(node, low <= zero_point && zero_point <= high, "a zero point is outside of the type");
    }
    return SMELT_OK;
}

struct smelt_quantize_parameters smelt_scale_of_run(const struct smelt_node *node, const struct smelt_scaled *t,
                                                    int32_t run) {
    const struct smelt_file *const file = &node->interpreter->file;
    const uint32_t channel = (uint32_t)run % t->x.scales.count;
    const uint32_t bits = smelt_file_word(file, t->x.scales.at + 4 * channel);
    struct smelt_quantize_parameters p = {t->length, 0.0f, 0};
    memcpy(&p.scale, &bits, sizeof p.scale);
    if (t->zero_points.count != 0) {
        p.zero_point = (int32_t)smelt_file_word(file, t->zero_points.at + 8 * (t->zero_points.count == 1 ? 0 : channel));
    }
    return p;
}
