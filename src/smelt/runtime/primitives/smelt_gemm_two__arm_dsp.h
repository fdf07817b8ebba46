/* What the loops over two pixels and four channels share: assembly text for the Arm DSP extension.
 *
 * Registers: r0 input values, r1 weights, r2 r3 the two pixels' input values, r4 W(c0, c1), r5 W(c2, c3)
 *   r6 r8 (first pixel), r10 r12 (second): sums of c0 and c2; r7 r9, r11 lr: 256 * (c1, c3) + (c0, c2)
 * Stack: 0 the byte before the output, 12 step to the second pixel, 16 the last word of the blocks, 20 zero_point,
 *   60 the address of label 4. */
#ifndef SMELT_GEMM_TWO_ARM_DSP_H
#define SMELT_GEMM_TWO_ARM_DSP_H

/* The first pair of input values of a block, with r1 at the word before it: all sums begin. `other` is the distance of the
 * second pixel's values. */
#define SMELT_GEMM_FIRST(other)   \
    "ldr     r7, [r1, #4]!\n"     \
    "ldr     r9, [r1, #4]!\n"     \
    "ldr     r4, [r1, #4]!\n"     \
    "ldr     r5, [r1, #4]\n"      \
    "ldr     r2, [r0]\n"          \
    "ldr     r3, [r0, #" other "]\n" \
    "smlad   r11, r4, r3, r7\n"   \
    "smlad   r7, r4, r2, r7\n"    \
    "sxtb16  r4, r4\n"            \
    "smuad   r6, r4, r2\n"        \
    "smuad   r10, r4, r3\n"       \
    "smlad   lr, r5, r3, r9\n"    \
    "smlad   r9, r5, r2, r9\n"    \
    "sxtb16  r5, r5\n"            \
    "smuad   r8, r5, r2\n"        \
    "smuad   r12, r5, r3\n"

/* One pair of input values: 16 products in 10 cycles, 40 bytes. */
#define SMELT_GEMM_PRODUCTS       \
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

/* Requantize a channel of both pixels for byte `at` after r0 and r3; the first pixel is stored last, since the second may
 * go to its place. The signed form needs zero_point in r5, the multiplier in r2, and uses r4. */
#define SMELT_GEMM_UNSIGNED(first, second, multiplier, at)  \
    "smmul   " first ", " first ", " multiplier "\n"        \
    "smmul   " second ", " second ", " multiplier "\n"      \
    "ssat    " first ", #8, " first ", asr #9\n"            \
    "ssat    " second ", #8, " second ", asr #9\n"          \
    "strb    " second ", [r3, #" at "\n"                    \
    "strb    " first ", [r0, #" at "\n"
#define SMELT_GEMM_SIGNED(first, second, at)  \
    "movs    r4, #1\n"                        \
    "lsl     r4, r4, " first "\n"             \
    ".irp    sum, " first ", " second "\n"    \
    "asr     \\sum, \\sum, #7\n"              \
    "smmulr  \\sum, \\sum, r2\n"              \
    "add     \\sum, \\sum, \\sum, asr #31\n"  \
    "smmlar  \\sum, \\sum, r4, r5\n"          \
    "ssat    \\sum, #8, \\sum\n"              \
    ".endr\n"                                 \
    "strb    " second ", [r3, #" at "\n"      \
    "strb    " first ", [r0, #" at "\n"

/* The end of a block, whose weights end `after` bytes after r1: the first multiplier in r2, sums with their starts. */
#define SMELT_GEMM_SUMS(after)                    \
    "ldr     r4, [r1, #" after "]!\n"             \
    "ldr     r5, [r1, #4]!\n"                     \
    "ldr     r0, [sp]\n"                          \
    "ldr     r3, [sp, #12]\n"                     \
    "ldr     r2, [r1, #4]!\n"                     \
    "sub     r7, r7, r6\n"                        \
    "sub     r9, r9, r8\n"                        \
    "sub     r11, r11, r10\n"                     \
    "sub     lr, lr, r12\n"                       \
    "add     r6, r4, r6, lsl #8\n"                \
    "add     r10, r4, r10, lsl #8\n"              \
    "add     r8, r5, r8, lsl #8\n"                \
    "add     r12, r5, r12, lsl #8\n"              \
    "add     r3, r3, r0\n"

/* Requantize them, unsigned, and store. Leaves the byte before the next output in r0, and "equal" after the last block. Has
 * the label 4. */
#define SMELT_GEMM_STORE                          \
    SMELT_GEMM_UNSIGNED("r6", "r10", "r2", "1]")  \
    "ldr     r4, [r1, #4]!\n"                     \
    "ldr     r5, [r1, #4]!\n"                     \
    SMELT_GEMM_UNSIGNED("r7", "r11", "r4", "2]")  \
    "ldr     r2, [r1, #4]!\n"                     \
    "ldr     r4, [sp, #16]\n"                     \
    SMELT_GEMM_UNSIGNED("r8", "r12", "r5", "3]")  \
    SMELT_GEMM_UNSIGNED("r9", "lr", "r2", "4]!")  \
    "4:\n"                                        \
    "cmp     r1, r4\n"

/* Both, with "not equal" before where roundings are signed. */
#define SMELT_GEMM_FINISH(after)                  \
    SMELT_GEMM_SUMS(after)                        \
    "bne     smelt_gemm_finish_signed__arm_dsp\n" \
    SMELT_GEMM_STORE

/* The rest of a block where roundings are signed; no C function. */
void smelt_gemm_finish_signed__arm_dsp(void);

#endif
