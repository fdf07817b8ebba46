/* Two pixels times four channels at a time, in a loop of four input values. */
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

/* A pair of input values: 16 products in 10 cycles, 40 bytes. */
#define TWO_VALUES                \
    "smlad   r7, r4, r2, r7\n"    \
    "smlad   r11, r4, r3, r11\n"  \
    "sxtb16  r4, r4\n"            \
    "smlad   r6, r4, r2, r6\n"    \
    "smlad   r10, r4, r3, r10\n"  \
    "smlad   r9, r5, r2, r9\n"    \
    "smlad   lr, r5, r3, lr\n"    \
    "sxtb16  r5, r5\n"            \
    "smlad   r8, r5, r2, r8\n"    \
    "smlad   r12, r5, r3, r12\n"

/* One rounding of a channel of both pixels. */
#define ROUND_ONCE(first, second, multiplier)             \
    "smmul   " first ", " first ", " multiplier "\n"      \
    "smmul   " second ", " second ", " multiplier "\n"    \
    "ssat    " first ", #8, " first ", asr #9\n"          \
    "ssat    " second ", #8, " second ", asr #9\n"

/* First the values are widened to pairs. r1 first pixel's, r4 depth: from there to the second's, r5 end of the first's,
 * r6 pairs, r7-r12 values.
 * In the loop: r0 pairs, r1 weights, r2 r3 both pixels' values, r4 W(c0, c1), r5 W(c2, c3), r6 r8 (first pixel), r10 r12
 *   (second): sums of c0 and c2; r7 r9, r11 lr: 256 * (c1, c3) + (c0, c2).
 * Stack: 0 output, 4 step, 8 pairs, 12 end of pairs, 16 gemm where roundings are signed, else 0, 20 channels left. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_compact_gemm_two_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) int8_t *values,
                                   __attribute__((unused)) int32_t step,
                                   __attribute__((unused)) const struct smelt_compact_s8__arm_dsp *gemm) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "ldrh    r4, [r3, #4]\n"
        "adds    r5, r1, r4\n"
        "adds    r6, r5, r4\n"
        "mov     lr, r6\n"
        "1:\n"
        "ldr     r8, [r1, r4]\n"
        "ldr     r7, [r1], #4\n"
        "sxtb16  r10, r8\n"
        "sxtb16  r9, r7\n"
        "sxtb16  r12, r8, ror #8\n"
        "sxtb16  r11, r7, ror #8\n"
        "stm     r6!, {r9-r12}\n"
        "cmp     r1, r5\n"
        "bne     1b\n"
        "ldr     r1, [r3]\n"
        "ldrb    r5, [r3, #8]\n"
        "cmp     r5, #0\n"
        "it      ne\n"
        "movne   r5, r3\n"
        "mov     r4, r6\n"
        "ldrh    r6, [r3, #6]\n"
        "mov     r3, lr\n"
        "push    {r0, r2-r7}\n"
        "2:\n" /* four channels */
        "ldm     r1!, {r7, r9}\n"
        "ldr     r0, [sp, #8]\n"
        "mov     r11, r7\n"
        "mov     lr, r9\n"
        "movs    r6, #0\n"
        "mov     r8, r6\n"
        "mov     r10, r6\n"
        "mov     r12, r6\n"
        "3:\n"
        "ldr     r2, [r0], #16\n"
        "ldr     r3, [r0, #-12]\n"
        "ldr     r4, [r1], #16\n"
        "ldr     r5, [r1, #-12]\n"
        TWO_VALUES
        "ldr     r2, [r0, #-8]\n"
        "ldr     r3, [r0, #-4]\n"
        "ldr     r4, [r1, #-8]\n"
        "ldr     r5, [r1, #-4]\n"
        TWO_VALUES
        "ldr     r2, [sp, #12]\n"
        "cmp     r0, r2\n"
        "bne     3b\n"
        "ldm     r1!, {r4, r5}\n"
        "sub     r7, r7, r6\n"
        "sub     r9, r9, r8\n"
        "sub     r11, r11, r10\n"
        "sub     lr, lr, r12\n"
        "add     r6, r4, r6, lsl #8\n"
        "add     r8, r5, r8, lsl #8\n"
        "add     r10, r4, r10, lsl #8\n"
        "add     r12, r5, r12, lsl #8\n"
        "ldr     r0, [sp, #16]\n"
        "cmp     r0, #0\n"
        "bne     7f\n"
        "ldm     r1!, {r2-r5}\n"
        ROUND_ONCE("r6", "r10", "r2")
        ROUND_ONCE("r7", "r11", "r3")
        ROUND_ONCE("r8", "r12", "r4")
        ROUND_ONCE("r9", "lr", "r5")
        "bfi     r6, r7, #8, #8\n"
        "bfi     r6, r8, #16, #8\n"
        "bfi     r6, r9, #24, #8\n"
        "bfi     r10, r11, #8, #8\n"
        "bfi     r10, r12, #16, #8\n"
        "bfi     r10, lr, #24, #8\n"
        "4:\n" /* r6 r10 four outputs of each pixel; the first is stored last, since the second may go to its place */
        "ldrd    r2, r3, [sp]\n"
        "ldr     r4, [sp, #20]\n"
        "subs    r4, #4\n"
        "str     r4, [sp, #20]\n"
        "blt     5f\n"
        "str     r10, [r2, r3]\n"
        "str     r6, [r2], #4\n"
        "str     r2, [sp]\n"
        "bgt     2b\n"
        "b       6f\n"
        "5:\n"
        "adds    r4, #4\n"
        "1:\n" /* the last of less than four channels */
        "strb    r10, [r2, r3]\n"
        "strb    r6, [r2], #1\n"
        "lsr     r10, r10, #8\n"
        "lsrs    r6, r6, #8\n"
        "subs    r4, #1\n"
        "bne     1b\n"
        "6:\n"
        "add     sp, #28\n"
        "pop     {r4-r11, pc}\n"
        "7:\n" /* signed rounding */
        "push    {r6-r12, lr}\n"
        "mov     r4, r0\n"
        "mov     r5, r1\n"
        "mov     r2, r4\n"
        "add     r0, sp, #16\n"
        "bl      smelt_compact_round_twice_s8__arm_dsp\n"
        "mov     r10, r0\n"
        "mov     r2, r4\n"
        "mov     r1, r5\n"
        "mov     r0, sp\n"
        "bl      smelt_compact_round_twice_s8__arm_dsp\n"
        "mov     r6, r0\n"
        "add     r1, r5, #16\n"
        "add     sp, #32\n"
        "b       4b\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
SMELT_CODE_SECTION
void smelt_compact_gemm_two_s8__arm_dsp(int8_t *output, int8_t *values, int32_t step,
                                        const struct smelt_compact_s8__arm_dsp *gemm) {
    smelt_compact_gemm_one_s8__arm_dsp(output + step, values + gemm->depth, gemm);
    smelt_compact_gemm_one_s8__arm_dsp(output, values, gemm);
}

#endif
