/* Four channels of a word are 256 * x as int16 in two words: channels 0 and 2, channels 1 and 3. */
#include "smelt_compact_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places, and has the shift as an immediate. */
typedef char gemm_layout_is_known[offsetof(struct smelt_compact_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, channels) == 6 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, signed_rounding) == 8 &&
                                          SMELT_COMPACT_SHIFT == 9
                                      ? 1
                                      : -1];

/* r4-r7 values and weights: four products in 12 cycles, 38 bytes. */
#define TAP                              \
    "ldr     r4, [r1], #4\n"             \
    "ldr     r5, [r3], #4\n"             \
    "ldr     r4, [r4, r2]\n"             \
    "sxtb16  r6, r5\n"                   \
    "and     r7, r12, r4, lsl #8\n"      \
    "sxtb16  r5, r5, ror #8\n"           \
    "and     r4, r12, r4\n"              \
    "smlabb  r8, r7, r6, r8\n"           \
    "smlatt  r10, r7, r6, r10\n"         \
    "smlabb  r9, r4, r5, r9\n"           \
    "smlatt  r11, r4, r5, r11\n"

/* r0 output, r1 taps, r2 offset, r3 weights, r8-r11 sums, r12 mask, lr end of taps.
 * Stack: 0 taps, 4 weights, 8 pixels left, 12 gemm where roundings are signed, else 0, 16 channels, 20 offset of the end
 *   of channels; 64 step. */
SMELT_CODE_SECTION
int8_t *__attribute__((naked, noinline))
smelt_compact_depthwise_s8__arm_dsp(__attribute__((unused)) int8_t *output,
                                    __attribute__((unused)) const int8_t *const *taps,
                                    __attribute__((unused)) const struct smelt_compact_s8__arm_dsp *gemm,
                                    __attribute__((unused)) int32_t count, __attribute__((unused)) int32_t step) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "ldrh    r5, [r2, #4]\n"
        "ldrb    r4, [r2, #8]\n"
        "add     lr, r1, r5, lsl #2\n"
        "ldrh    r5, [r2, #6]\n"
        "cmp     r4, #0\n"
        "it      ne\n"
        "movne   r4, r2\n"
        "ldr     r2, [r2]\n"
        "mov     r6, r5\n"
        "push    {r1-r7}\n"
        "mov     r12, #0xFF00FF00\n"
        "mov     r3, r2\n"
        "movs    r2, #0\n"
        "2:\n" /* four channels */
        "ldr     r1, [sp]\n"
        "ldm     r3!, {r8-r11}\n"
        "sub     r4, lr, r1\n"
        "lsls    r4, r4, #29\n" /* N: an odd number of taps */
        "bmi     4f\n"
        "3:\n"
        TAP
        "4:\n"
        TAP
        "cmp     r1, lr\n"
        "bne     3b\n"
        "ldr     r1, [sp, #12]\n"
        "cbnz    r1, 7f\n"
        "ldm     r3!, {r4-r7}\n"
        "smmul   r8, r8, r4\n"
        "smmul   r9, r9, r5\n"
        "smmul   r10, r10, r6\n"
        "smmul   r11, r11, r7\n"
        "ssat    r8, #8, r8, asr #9\n"
        "ssat    r9, #8, r9, asr #9\n"
        "ssat    r10, #8, r10, asr #9\n"
        "ssat    r11, #8, r11, asr #9\n"
        "bfi     r8, r9, #8, #8\n"
        "bfi     r8, r10, #16, #8\n"
        "bfi     r8, r11, #24, #8\n"
        "5:\n"
        "str     r8, [r0], #4\n"
        "ldr     r4, [sp, #20]\n"
        "adds    r2, #4\n"
        "subs    r4, r4, r2\n"
        "beq     6f\n"
        "subs    r4, #4\n" /* The last four overlap those before where channels are not fours. */
        "itt     lt\n"
        "addlt   r0, r4\n"
        "addlt   r2, r4\n"
        "b       2b\n"
        "6:\n" /* the next pixel */
        "ldr     r4, [sp, #8]\n"
        "subs    r4, #1\n"
        "str     r4, [sp, #8]\n"
        "beq     8f\n"
        "ldr     r4, [sp, #16]\n"
        "ldr     r5, [sp, #64]\n"
        "ldr     r3, [sp, #4]\n"
        "subs    r2, r2, r4\n"
        "adds    r2, r2, r5\n"
        "adds    r4, r4, r2\n"
        "str     r4, [sp, #20]\n"
        "b       2b\n"
        "7:\n" /* signed rounding */
        "push    {r0-r3, r8-r12, lr}\n"
        "mov     r2, r1\n"
        "mov     r1, r3\n"
        "add     r0, sp, #16\n"
        "bl      smelt_compact_round_twice_s8__arm_dsp\n"
        "str     r0, [sp, #16]\n"
        "pop     {r0-r3, r8-r12, lr}\n"
        "adds    r3, #16\n"
        "b       5b\n"
        "8:\n"
        "add     sp, #28\n"
        "pop     {r4-r11, pc}\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
SMELT_CODE_SECTION
static void pixel(int8_t *output, const int8_t *const *taps, const struct smelt_compact_s8__arm_dsp *gemm,
                  int32_t offset) {
    const uint32_t *record = gemm->weights;
    for (int32_t c = 0; c < gemm->channels; c += 4) {
        const int32_t first = c + 4 <= gemm->channels ? c : gemm->channels - 4;
        for (int32_t i = 0; i < 4; i++) {
            uint32_t sum = record[i];
            for (int32_t k = 0; k < gemm->depth; k++) {
                const int32_t weight = (int8_t)(record[4 + k] >> 8 * i & 0xFFu);
                sum += (uint32_t)(taps[k][offset + first + i] * weight) << 8;
            }
            output[first + i] = smelt_compact_output_s8__arm_dsp((int32_t)sum, record[4 + gemm->depth + i], gemm);
        }
        record += 8 + gemm->depth;
    }
}

SMELT_CODE_SECTION
int8_t *smelt_compact_depthwise_s8__arm_dsp(int8_t *output, const int8_t *const *taps,
                                            const struct smelt_compact_s8__arm_dsp *gemm, int32_t count, int32_t step) {
    for (int32_t i = 0; i < count; i++) {
        pixel(output, taps, gemm, i * step);
        output += gemm->channels;
    }
    return output;
}

#endif
