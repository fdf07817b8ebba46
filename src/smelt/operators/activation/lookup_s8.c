/* output = table[input read as an unsigned byte]; in place is allowed. */
#include "activation.h"

void smelt_lookup_s8(int8_t *output, const int8_t *input, const int8_t *table, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        output[i] = table[(uint8_t)input[i]];
    }
}
