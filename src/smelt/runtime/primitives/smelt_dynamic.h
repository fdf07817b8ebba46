/* Real numbers quantized to int8 with the parameters that their own range asks for: real = scale * (integer - zero
 * point). The meaning is src/smelt/operators/dynamic.py. */
#ifndef SMELT_DYNAMIC_H
#define SMELT_DYNAMIC_H

#include <stdint.h>

#include "smelt_placement.h"

struct smelt_dynamic {
    float scale;
    int32_t zero_point;
};

/* `symmetric`: zero point 0, integers -127 to 127. */
SMELT_CODE_SECTION
struct smelt_dynamic smelt_quantize_dynamic(int8_t *integers, const float *numbers, int32_t count, int32_t symmetric);

#endif
