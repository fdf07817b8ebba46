/* As TensorFlow Lite's hybrid kernels do it, but in float32 throughout. */
#include "smelt_dynamic.h"
#include "smelt_real_to_integer.h"

/* The zero point that maps the end of the range that is nearer to zero, in steps, exactly; to the nearest integer. */
SMELT_CODE_SECTION
static int32_t zero_point_of(float low, float high) {
    const float exact = 128.0f - low < 127.0f + high ? -128.0f - low : 127.0f - high;
    return smelt_real_to_integer(exact, -128, 127);
}

struct smelt_dynamic smelt_quantize_dynamic(int8_t *integers, const float *numbers, int32_t count, int32_t symmetric) {
    struct smelt_dynamic found = {1.0f, 0};
    float low = 0.0f, high = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        low = numbers[i] < low ? numbers[i] : low;
        high = numbers[i] > high ? numbers[i] : high;
    }
    const float largest = high > -low ? high : -low;
    float inverse = 0.0f;
    if (largest > 0.0f) {
        found.scale = symmetric ? largest / 127.0f : (high - low) / 255.0f;
        inverse = symmetric ? 127.0f / largest : 1.0f / found.scale;
        found.zero_point = symmetric ? 0 : zero_point_of(low / found.scale, high / found.scale);
    }
    const int32_t lowest = symmetric ? -127 : -128;
    for (int32_t i = 0; i < count; i++) {
        integers[i] = (int8_t)smelt_real_to_integer((float)found.zero_point + numbers[i] * inverse, lowest, 127);
    }
    return found;
}
