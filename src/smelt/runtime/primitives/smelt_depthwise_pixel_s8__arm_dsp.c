/* Four channels of a word are 256 * x as int16 in two words: channels 0 and 2, channels 1 and 3. */
#include "smelt_depthwise_s8__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* r10 input, r12 weights */
#define TAP                                      \
    "ldr     r10, [r2], #4\n"                    \
    "ldr     r12, [r3], #4\n"                    \
    "ldr     r10, [r10, r1]\n"                   \
    "sxtb16  lr, r12\n"                          \
    "and     r11, r8, r10, lsl #8\n"             \
    "sxtb16  r12, r12, ror #8\n"                 \
    "and     r10, r8, r10\n"                     \
    "smlabb  r4, r11, lr, r4\n"                  \
    "smlatt  r6, r11, lr, r6\n"                  \
    "smlabb  r5, r10, r12, r5\n"                 \
    "smlatt  r7, r10, r12, r7\n"
#define FOUR(operation) operation("r4", "r10") operation("r5", "r11") operation("r6", "r12") operation("r7", "lr")
#define FETCH_START(sum, factor) "ldr     " sum ", [r3], #4\n"
#define FETCH(sum, factor) "ldr     " factor ", [r3], #4\n"
#define MULTIPLY(sum, factor) "smmul   " sum ", " sum ", " factor "\n"
#define NARROW(sum, factor) "ssat    " sum ", #8, " sum ", asr #9\n"
/* The factor becomes the product, then the sum the divisor, whose exponent is the lowest byte of every sum. */
#define MULTIPLY_ROUNDED(sum, factor)            \
    "asrs    r2, " sum ", #7\n"                  \
    "smmulr  " factor ", r2, " factor "\n"
#define FIND_DIVISOR(sum, factor) "lsl     " sum ", r2, " sum "\n"
#define LOWER_NEGATIVE(sum, factor) "add     " factor ", " factor ", " factor ", asr #31\n"
#define DIVIDE(sum, factor) "smmlar  " sum ", " factor ", " sum ", r2\n" /* and add the zero point */
#define SATURATE(sum, factor) "ssat    " sum ", #8, " sum "\n"
#define STORE(sum, factor) "strb    " sum ", [r0], #1\n"

/* r0 output, r1 offset, r2 taps, r3 records, r4-r7 sums, r8 mask, r9 end of taps.
 * Stack: 0 taps, 4 offset of the end of channels, 8 signed rounding, 12 zero point, 16 taps modulo three. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_pixel_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) int32_t offset,
                                  __attribute__((unused)) const struct smelt_depthwise_pixel *pixel) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "ldm     r2, {r3-r9}\n" /* records, taps, channels, signed, zero point, taps modulo three, end of taps */
        "sub     sp, #20\n"
        "add     r5, r1\n"
        "stm     sp, {r4-r8}\n"
        "mov     r8, #0xFF00FF00\n"
        "1:\n"
        "ldr     r2, [sp]\n"
        "ldr     r10, [sp, #16]\n"
        FOUR(FETCH_START)
        "subs    r10, #1\n"
        "beq     7f\n"
        "bpl     3f\n"
        "2:\n"
        TAP
        "3:\n"
        TAP
        "7:\n"
        TAP
        "cmp     r2, r9\n"
        "bne     2b\n"
        "ldr     r2, [sp, #8]\n"
        FOUR(FETCH)
        "cmp     r2, #0\n"
        "beq     6f\n"
        FOUR(MULTIPLY_ROUNDED)
        "movs    r2, #1\n"
        FOUR(FIND_DIVISOR)
        "ldr     r2, [sp, #12]\n"
        FOUR(LOWER_NEGATIVE)
        FOUR(DIVIDE)
        FOUR(SATURATE)
        "4:\n"
        FOUR(STORE)
        "ldr     r12, [sp, #4]\n"
        "adds    r1, #4\n"
        "subs    r10, r12, r1\n"
        "beq     5f\n"
        "subs    r10, #4\n"
        "bge     1b\n"
        "add     r0, r10\n" /* The last four overlap those before where channels are not fours. */
        "add     r1, r10\n"
        "b       1b\n"
        "5:\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n"
        "6:\n"
        FOUR(MULTIPLY)
        FOUR(NARROW)
        "b       4b\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_depthwise_pixel_s8__arm_dsp(int8_t *output, int32_t offset, const struct smelt_depthwise_pixel *pixel) {
    const int32_t count = (int32_t)(pixel->taps_end - pixel->taps);
    const uint32_t *record = pixel->records;
    for (int32_t c = 0; c < pixel->channels; c += 4) {
        const int32_t first = c + 4 <= pixel->channels ? c : pixel->channels - 4;
        const int32_t *const scales = (const int32_t *)record + 4 + count;
        for (int32_t i = 0; i < 4; i++) {
            uint32_t sum = record[i];
            for (int32_t k = 0; k < count; k++) {
                const int32_t weight = (int8_t)(record[4 + k] >> 8 * i & 0xFFu);
                sum += (uint32_t)(pixel->taps[k][offset + first + i] * weight) << 8;
            }
            output[first + i] = pixel->signed_rounding
                                    ? smelt_round_twice((int32_t)sum, scales[i], 1 << (sum & 31), pixel->zero_point)
                                    : smelt_round_once((int32_t)sum, scales[i]);
        }
        record += 8 + count;
    }
}

#endif
