/* Each field is copied, zeros as pads; then two channels meet two taps at a time. */
#include "convolution_s16__arm_dsp.h"
#include "smelt_bytes__arm_dsp.h"

/* The low halves, and the high halves, of two words. */
SMELT_CODE_SECTION
static inline uint32_t low_halves(uint32_t a, uint32_t b) {
    return (a & 0xFFFFu) | b << 16;
}

SMELT_CODE_SECTION
static inline uint32_t high_halves(uint32_t a, uint32_t b) {
    return a >> 16 | (b & 0xFFFF0000u);
}

SMELT_CODE_SECTION
static int16_t *pixel(int16_t *output, const int16_t *field,
                      const struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters *parameters) {
    const int32_t channels = parameters->window.output_channels;
    const uint32_t *w = parameters->weights;
    for (int32_t channel = 0; channel < channels; channel += 2) {
        const int16_t *from = field + channel;
        int32_t sum_0 = 0, sum_1 = 0;
        for (int32_t k = parameters->taps; k > 0; k -= 2) {
            const uint32_t t = smelt_load_word((const int8_t *)(const void *)from);
            const uint32_t u = smelt_load_word((const int8_t *)(const void *)(from + channels));
            const uint32_t word = *w++;
            sum_0 = smelt_smlad(low_halves(t, u), smelt_sxtb16(word), sum_0);
            sum_1 = smelt_smlad(high_halves(t, u), smelt_sxtb16_ror8(word), sum_1);
            from += 2 * channels;
        }
        *output++ = smelt_narrow_output_s16__arm_dsp(&parameters->outputs, channel, sum_0);
        *output++ = smelt_narrow_output_s16__arm_dsp(&parameters->outputs, channel + 1, sum_1);
    }
    return output;
}

void smelt_depthwise_conv_2d_rows_s16__arm_dsp(
    int16_t *output, const int16_t *input, const struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters *parameters,
    void *scratch, int32_t first_row, int32_t row_count, int32_t input_ring_rows) {
    const struct smelt_window *window = &parameters->window;
    const int32_t channels = window->output_channels;
    int16_t *const field = scratch;
    for (int32_t i = 0; i < channels; i++) { /* the tap that makes their number even */
        field[(parameters->taps - 1) * channels + i] = 0;
    }
    int32_t row = first_row * window->stride_height - window->pad_top;
    for (; row_count > 0; row_count--) {
        const struct smelt_field_rows rows = smelt_field_rows(window, row, input_ring_rows);
        int32_t column = -window->pad_left;
        for (int32_t x = 0; x < window->output_width; x++) {
            smelt_gather_s8(scratch, (const int8_t *)input, window, &rows, column, 0, window->input_channels, 0);
            output = pixel(output, field, parameters);
            column += window->stride_width;
        }
        row += window->stride_height;
    }
}

void smelt_depthwise_conv_2d_s16__arm_dsp(int16_t *output, const int16_t *input,
                                          const struct smelt_depthwise_conv_2d_s16__arm_dsp_parameters *parameters,
                                          void *scratch) {
    const struct smelt_window *window = &parameters->window;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        smelt_depthwise_conv_2d_rows_s16__arm_dsp(output, input, parameters, scratch, 0, window->output_height,
                                                  window->input_height);
        output += window->output_height * window->output_width * window->output_channels;
        input += window->input_height * window->input_width * (window->input_channels / 2);
    }
}
