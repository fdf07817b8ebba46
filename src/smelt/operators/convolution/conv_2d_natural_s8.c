/* Two output pixels at a time, which need not be neighbours: their fields are widened side by side, straight from the
 * image where they lie inside, and multiplied with all rows of weights. */
#include "convolution_natural.h"
#include "smelt_limit_s8__arm_dsp.h"

typedef struct smelt_conv_2d_natural_s8_parameters parameters_t;

enum { FEW_BYTES = 16 };

/* Kernel rows of a field, `step` bytes from one to the next. */
struct field {
    const int8_t *first;
    int32_t step;
};

/* A walk over output pixels. */
struct place {
    int32_t row, column; /* of the first tap */
    int32_t left;        /* pixels of this output row */
};

SMELT_CODE_SECTION
static void advance(struct place *place, const struct smelt_window *window) {
    place->column += window->stride_width;
    if (--place->left == 0) {
        place->left = window->output_width;
        place->column = -window->pad_left;
        place->row += window->stride_height;
    }
}

/* Copy `bytes` bytes that begin `at` bytes from the beginning of a line; what is outside the line is `pad`. */
SMELT_CODE_SECTION
static int8_t *clipped(int8_t *to, const int8_t *line, int32_t end, int32_t at, int32_t bytes, int8_t pad) {
    const int32_t last = at + bytes, inside = last < end ? last : end;
    for (; at < 0 && at < last; at++) {
        *to++ = pad;
    }
    if (inside - at > FEW_BYTES) {
        memcpy(to, line + at, (size_t)(inside - at));
        to += inside - at;
        at = inside;
    }
    for (; at < inside; at++) {
        *to++ = line[at];
    }
    for (; at < last; at++) {
        *to++ = pad;
    }
    return to;
}

/* Copy a field of a group of channels. */
SMELT_CODE_SECTION
static void gather(int8_t *copy, const int8_t *image, const parameters_t *p, const struct place *place, int32_t channel) {
    const struct smelt_window *const window = &p->window;
    const int32_t step = window->input_channels, line = window->input_width * step;
    const int whole = p->groups == 1 && window->dilation_width == 1;
    const int32_t taps = whole ? 1 : window->kernel_width, bytes = p->natural.depth / (window->kernel_height * taps);
    for (int32_t y = 0; y < window->kernel_height; y++) {
        const int32_t row = place->row + y * window->dilation_height;
        const int32_t end = row >= 0 && row < window->input_height ? line : 0;
        for (int32_t x = 0; x < taps; x++) {
            const int32_t at = (place->column + x * window->dilation_width) * step + channel;
            copy = clipped(copy, image + row * line, end, at, bytes, (int8_t)p->input_zero_point);
        }
    }
}

SMELT_CODE_SECTION
static struct field find_field(const parameters_t *p, const int8_t *image, const struct place *place, int32_t channel,
                               int8_t *copy) {
    const struct smelt_window *const window = &p->window;
    const int32_t channels = window->input_channels / p->groups, height = window->kernel_height - 1;
    const int32_t last_row = place->row + height * window->dilation_height;
    const int32_t run = window->kernel_width * channels;
    struct field field = {copy, run};
    if (place->row >= 0 && last_row < window->input_height && place->column >= 0 &&
        place->column + window->kernel_width <= window->input_width && p->groups == 1 &&
        (window->dilation_width == 1 || window->kernel_width == 1) && (run % 4 == 0 || height == 0)) {
        field.first = image + (place->row * window->input_width + place->column) * channels;
        field.step = window->dilation_height * window->input_width * channels;
    } else {
        gather(copy, image, p, place, channel);
    }
    return field;
}

SMELT_CODE_SECTION
static void widen(uint32_t *wide, struct field first, struct field second, const parameters_t *p) {
    const int32_t depth = p->natural.depth, run = depth / p->window.kernel_height;
    if (run % 4 != 0) {
        smelt_widen_pair_s8(wide, first.first, second.first, depth, p->input_zero_point);
        return;
    }
    for (int32_t left = p->window.kernel_height; left > 0; left--) {
        wide = smelt_widen_pair_s8(wide, first.first, second.first, run, p->input_zero_point);
        first.first += first.step;
        second.first += second.step;
    }
}

/* Whether the fields of all pixels lie side by side. */
SMELT_CODE_SECTION
static int run_of_pixels(const parameters_t *p) {
    const struct smelt_window *const window = &p->window;
    return p->groups == 1 && window->kernel_height == 1 && window->kernel_width == 1 && window->stride_height == 1 &&
           window->stride_width == 1;
}

/* One group of channels of an image. */
SMELT_CODE_SECTION
static void group_of_image(int8_t *output, const int8_t *image, const parameters_t *p, uint32_t *wide, int32_t group) {
    const int32_t depth = p->natural.depth, channel = group * (p->window.input_channels / p->groups);
    const int32_t step = p->window.output_channels;
    int8_t *const copy = (int8_t *)(wide + SMELT_WIDE_PAIR_WORDS(depth));
    struct smelt_natural_s8 natural = p->natural;
    struct place place = {-p->window.pad_top, -p->window.pad_left, p->window.output_width};
    natural.weights += group * natural.channels * depth;
    natural.bias = natural.bias != NULL ? natural.bias + group * natural.channels : NULL;
    natural.scales += group * natural.channels * natural.scale_step;
    output += group * natural.channels;
    const int pointwise = run_of_pixels(p);
    for (int32_t left = p->window.output_height * p->window.output_width; left > 0; left -= 2) {
        if (pointwise) {
            smelt_widen_pair_s8(wide, image, left > 1 ? image + depth : image, depth, p->input_zero_point);
            smelt_natural_two_s8(output, left > 1 ? step : 0, wide, &natural);
            image += 2 * depth;
            output += 2 * step;
            continue;
        }
        const struct field first = find_field(p, image, &place, channel, copy);
        struct field second = first;
        advance(&place, &p->window);
        if (left > 1) {
            second = find_field(p, image, &place, channel, copy + depth);
            advance(&place, &p->window);
        }
        widen(wide, first, second, p);
        smelt_natural_two_s8(output, left > 1 ? step : 0, wide, &natural);
        output += 2 * step;
    }
}

SMELT_CODE_SECTION
void smelt_conv_2d_natural_s8(int8_t *output, const int8_t *input, const parameters_t *parameters, void *scratch) {
    const struct smelt_window *const window = &parameters->window;
    const int32_t outputs = window->output_height * window->output_width * window->output_channels;
    for (int32_t batch = 0; batch < window->batches; batch++) {
        for (int32_t group = 0; group < parameters->groups; group++) {
            group_of_image(output, input, parameters, scratch, group);
        }
        if (parameters->natural.low > -128 || parameters->natural.high < 127) {
            smelt_limit_s8__arm_dsp(output, output, outputs, parameters->natural.low, parameters->natural.high);
        }
        output += outputs;
        input += window->input_height * window->input_width * window->input_channels;
    }
}
