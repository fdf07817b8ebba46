/* Four values at a time; the last ones by themselves, so that nothing beside them is read. */
#include "smelt_limit_s8__arm_dsp.h"

#include "smelt_bytes__arm_dsp.h"
#include "smelt_requantize.h"

void smelt_limit_s8__arm_dsp(int8_t *output, const int8_t *input, int32_t count, int32_t low, int32_t high) {
    const uint32_t lows = smelt_four_bytes(low), highs = smelt_four_bytes(high);
    for (; count >= 8; count -= 8) {
        const uint32_t first = smelt_load_word(input), second = smelt_load_word(input + 4);
        smelt_store_word(output, smelt_smaller_bytes(smelt_larger_bytes(first, lows), highs));
        smelt_store_word(output + 4, smelt_smaller_bytes(smelt_larger_bytes(second, lows), highs));
        input += 8;
        output += 8;
    }
    for (; count > 0; count--) {
        *output++ = (int8_t)smelt_clamp(*input++, low, high);
    }
}
