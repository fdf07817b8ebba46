#include "smelt_exponential.h"

#include "smelt_requantize.h"

int32_t smelt_exponential(int32_t x, int32_t bits) {
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << (29 - bits), rest = (x & (quarter - 1)) - quarter, remainder = rest - x;
    const int32_t t = rest * (1 << bits) + (1 << 28);
    const int32_t t2 = smelt_high_mul(t, t), t3 = smelt_high_mul(t2, t), t4 = smelt_high_mul(t2, t2);
    const int32_t inner = smelt_high_mul(smelt_rounding_shift_right(t4, 2) + t3, 715827883) + t2;
    int32_t result = 1895147668;
    result += smelt_high_mul(result, t + smelt_rounding_shift_right(inner, 1));
    for (int32_t k = 0; k < bits + 2; k++) {
        if ((remainder & (quarter << k)) != 0) {
            result = smelt_high_mul(result, powers[k]);
        }
    }
    return result;
}
