/* One pixel times four channels at a time, in a loop of eight input values, which are widened there. */
#include "smelt_compact_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places, and has the shift as an immediate. */
typedef char gemm_layout_is_known[offsetof(struct smelt_compact_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, channels) == 6 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, signed_rounding) == 8 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, uniform) == 9 &&
                                          SMELT_COMPACT_SHIFT == 9
                                      ? 1
                                      : -1];

/* 16 products in 21 cycles, 62 bytes. */
#define FOUR_VALUES                  \
    "ldm     r1!, {r2-r5}\n"         \
    "ldr     r6, [r0], #4\n"         \
    "sxtb16  r7, r6\n"               \
    "sxtb16  r6, r6, ror #8\n"       \
    "smlad   r9, r2, r7, r9\n"       \
    "smlad   r11, r3, r7, r11\n"     \
    "smlad   r9, r4, r6, r9\n"       \
    "smlad   r11, r5, r6, r11\n"     \
    "sxtb16  r2, r2\n"               \
    "sxtb16  r3, r3\n"               \
    "sxtb16  r4, r4\n"               \
    "sxtb16  r5, r5\n"               \
    "smlad   r8, r2, r7, r8\n"       \
    "smlad   r10, r3, r7, r10\n"     \
    "smlad   r8, r4, r6, r8\n"       \
    "smlad   r10, r5, r6, r10\n"

/* In the loop: r0 values, r1 weights, r2-r5 W of both pairs of values, r6 r7 values, r8 r10 sums of c0 and c2,
 *   r9 r11 256 * (c1, c3) + (c0, c2), r12 end of values, lr output.
 * Stack: 0 where the first round enters the loop, 4 values, 8 gemm where roundings are signed, else 0, 12 multipliers
 *   where they are uniform, else 0, 16 channels left. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_compact_gemm_one_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) const int8_t *values,
                                   __attribute__((unused)) const struct smelt_compact_s8__arm_dsp *gemm) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "mov     lr, r0\n"
        "ldrd    r6, r4, [r2]\n" /* weights, depth and channels */
        "ldrb    r5, [r2, #8]\n"
        "ldrb    r3, [r2, #9]\n"
        "uxtah   r12, r1, r4\n"
        "adr     r0, 3f\n"
        "lsls    r7, r4, #29\n" /* N: an odd number of fours */
        "it      mi\n"
        "addmi   r0, #62\n"
        "adds    r0, #1\n" /* Thumb */
        "lsrs    r4, r4, #16\n"
        "cbz     r3, 1f\n"
        "mov     r3, r6\n"
        "adds    r6, #16\n"
        "1:\n"
        "cmp     r5, #0\n"
        "it      eq\n"
        "moveq   r2, #0\n"
        "push    {r0-r4}\n"
        "mov     r1, r6\n"
        "2:\n" /* four channels */
        "ldm     r1!, {r9, r11}\n"
        "ldr     r0, [sp, #4]\n"
        "mov     r8, #0\n"
        "mov     r10, r8\n"
        "ldr     pc, [sp]\n"
        ".balign 4\n"
        "3:\n"
        FOUR_VALUES
        FOUR_VALUES
        "cmp     r0, r12\n"
        "bne     3b\n"
        "ldm     r1!, {r2, r3}\n"
        "ldrd    r0, r4, [sp, #8]\n"
        "sub     r9, r9, r8\n"
        "sub     r11, r11, r10\n"
        "add     r8, r2, r8, lsl #8\n"
        "add     r10, r3, r10, lsl #8\n"
        "cmp     r4, #0\n"
        "it      eq\n"
        "moveq   r4, r1\n"
        "cbnz    r0, 6f\n"
        "ldm     r4!, {r2, r3, r5, r6}\n"
        "smmul   r8, r8, r2\n"
        "smmul   r9, r9, r3\n"
        "smmul   r10, r10, r5\n"
        "smmul   r11, r11, r6\n"
        "ssat    r8, #8, r8, asr #9\n"
        "ssat    r9, #8, r9, asr #9\n"
        "ssat    r10, #8, r10, asr #9\n"
        "ssat    r11, #8, r11, asr #9\n"
        "bfi     r8, r9, #8, #8\n"
        "bfi     r8, r10, #16, #8\n"
        "bfi     r8, r11, #24, #8\n"
        "4:\n" /* r8 four outputs */
        "ldrd    r0, r2, [sp, #12]\n"
        "cmp     r0, #0\n"
        "it      eq\n"
        "moveq   r1, r4\n"
        "subs    r2, #4\n"
        "str     r2, [sp, #16]\n"
        "it      ge\n"
        "strge   r8, [lr], #4\n"
        "bgt     2b\n"
        "beq     5f\n"
        "adds    r2, #4\n"
        "1:\n" /* the last of less than four channels */
        "strb    r8, [lr], #1\n"
        "lsr     r8, r8, #8\n"
        "subs    r2, #1\n"
        "bne     1b\n"
        "5:\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n"
        "6:\n" /* signed rounding */
        "mov     r5, r12\n"
        "mov     r6, r1\n"
        "mov     r7, lr\n"
        "push    {r8-r11}\n"
        "mov     r2, r0\n"
        "mov     r1, r4\n"
        "mov     r0, sp\n"
        "bl      smelt_compact_round_twice_s8__arm_dsp\n"
        "add     sp, #16\n"
        "mov     r8, r0\n"
        "adds    r4, #16\n"
        "mov     r12, r5\n"
        "mov     r1, r6\n"
        "mov     lr, r7\n"
        "b       4b\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
/* The weight of one of four channels for input value i. */
SMELT_CODE_SECTION
static int32_t weight(const uint32_t *words, int32_t channel, int32_t i) {
    const uint32_t word = words[i / 4 * 4 + i % 2 * 2 + channel / 2];
    const int32_t both = (int16_t)(i % 4 < 2 ? word & 0xFFFFu : word >> 16), even = (int8_t)((uint32_t)both & 0xFFu);
    return channel % 2 == 0 ? even : (both - even) / 256;
}

SMELT_CODE_SECTION
void smelt_compact_gemm_one_s8__arm_dsp(int8_t *output, const int8_t *values,
                                        const struct smelt_compact_s8__arm_dsp *gemm) {
    const int32_t block_words = gemm->depth + (gemm->uniform ? 4 : 8);
    for (int32_t c = 0; c < gemm->channels; c++) {
        const uint32_t *const block = gemm->weights + (gemm->uniform ? 4 : 0) + c / 4 * block_words;
        const uint32_t *const starts = block + (c % 2 == 0 ? 2 + gemm->depth : 0);
        const uint32_t *const multipliers = gemm->uniform ? gemm->weights : block + 4 + gemm->depth;
        uint32_t sum = starts[c % 4 / 2];
        for (int32_t i = 0; i < gemm->depth; i++) {
            sum += (uint32_t)(weight(block + 2, c % 4, i) * values[i]) << 8;
        }
        output[c] = smelt_compact_output_s8__arm_dsp((int32_t)sum, multipliers[c % 4], gemm);
    }
}

#endif
