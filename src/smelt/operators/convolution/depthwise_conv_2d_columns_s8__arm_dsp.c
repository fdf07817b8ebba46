/* depthwise_conv_2d of 3 x 3, row by row: the columns of three input rows are expanded for four channels, pads included,
 * then each channel's row of outputs is computed. */
#include "convolution__arm_dsp.h"
#include "smelt_depthwise_s8__arm_dsp.h"

typedef struct smelt_depthwise_conv_2d_columns_s8__arm_dsp_parameters parameters_t;

/* Set up for rows; words that never have an input become pads. */
SMELT_CODE_SECTION
static void begin(struct smelt_depthwise_columns *columns, const parameters_t *parameters, uint32_t *words) {
    const int32_t outputs = parameters->output_width, left = parameters->pad_left;
    const int32_t head = left % 2, inputs = head + parameters->input_width;
    const uint32_t pads = (uint32_t)(uint8_t)parameters->pad * 0x01010101u;
    columns->input_extent = inputs / 2 * SMELT_LINE_BYTES + (inputs % 2 ? SMELT_LINE_ODD : 0);
    columns->head = head;
    columns->input_words = words + left / 2 * SMELT_LINE_WORDS;
    columns->pads = pads;
    columns->words = words;
    columns->records = parameters->records;
    columns->records_end = parameters->records + SMELT_COLUMNS_RECORD * parameters->channels;
    columns->output_step = parameters->channels;
    columns->output_extent = SMELT_LINE_BYTES * (outputs / 2 + 1);
    columns->odd = outputs % 2;
    for (uint32_t *const end = words + (outputs + 3) / 2 * SMELT_LINE_WORDS; words < end; words++) {
        *words = pads & 0xFF00FF00u;
    }
}

/* An output row, whose field begins in input row `top`. */
SMELT_CODE_SECTION
static void compute_row(struct smelt_depthwise_columns *columns, const int8_t *input, const parameters_t *parameters,
                        int32_t top, int32_t ring_rows) {
    const int32_t channels = parameters->channels;
    for (int32_t k = 0; k < 3; k++) {
        const int32_t r = top + k, place = r < ring_rows ? r : r % ring_rows;
        const int inside = r >= 0 && r < parameters->input_height;
        columns->inputs[k] = inside ? input + place * parameters->input_width * channels : (int8_t *)&columns->pads;
        columns->moves[k] = inside ? 4 : 0;
        columns->steps[k] = inside ? channels : 0;
    }
    smelt_depthwise_columns_s8__arm_dsp(columns);
    columns->output += parameters->output_width * channels;
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_columns_rows_s8__arm_dsp(int8_t *output, const int8_t *input,
                                                      const parameters_t *parameters, void *scratch, int32_t first_row,
                                                      int32_t row_count, int32_t input_ring_rows) {
    struct smelt_depthwise_columns columns;
    begin(&columns, parameters, scratch);
    columns.output = output;
    for (int32_t y = first_row; y < first_row + row_count; y++) {
        compute_row(&columns, input, parameters, y * parameters->stride_height - parameters->pad_top, input_ring_rows);
    }
    if (parameters->low > -128 || parameters->high < 127) {
        smelt_clamp_s8__arm_dsp(output, (int32_t)(columns.output - output), parameters->low, parameters->high);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_conv_2d_columns_s8__arm_dsp(int8_t *output, const int8_t *input, const parameters_t *parameters,
                                                 void *scratch) {
    const int32_t rows = parameters->input_height, outputs = parameters->output_height;
    for (int32_t batch = 0; batch < parameters->batches; batch++) {
        smelt_depthwise_conv_2d_columns_rows_s8__arm_dsp(output, input, parameters, scratch, 0, outputs, rows);
        input += rows * parameters->input_width * parameters->channels;
        output += outputs * parameters->output_width * parameters->channels;
    }
}
