/* One pixel times four channels at a time (fully connected layers); see the header for the order of weights. */
#include "smelt_gemm_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places. */
typedef char gemm_layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, signed_rounding) == 12 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, zero_point) == 16 &&
                                          SMELT_GEMM_SHIFT == 9
                                      ? 1
                                      : -1];

SMELT_CODE_SECTION
uint32_t *__attribute__((naked, noinline))
smelt_expand_one_s8__arm_dsp(__attribute__((unused)) uint32_t *pairs, __attribute__((unused)) const int8_t *values,
                             __attribute__((unused)) int32_t count) {
    /* r0 pairs, r1 values, r2 end of values, r3 r12 pairs */
    __asm volatile(
        ".syntax unified\n"
        "add     r2, r1, r2\n"
        "1:\n"
        "ldr     r3, [r1], #4\n"
        "cmp     r1, r2\n"
        "sxtb16  r12, r3\n"
        "sxtb16  r3, r3, ror #8\n"
        "str     r12, [r0], #4\n"
        "str     r3, [r0], #4\n"
        "bne     1b\n"
        "bx      lr\n");
}

/* Blocks of four channels from `weights` up to `end`. In the loop:
 *   r0 pairs, r1 weights, r2-r5 weights and r6 r7 input values of two pairs, r8 r10 sums of c0 and c2,
 *   r9 r11 256 * (c1, c3) + (c0, c2), r12 end of pairs, lr output
 * Stack: 0 end of weights, 4 pairs, 8 bytes of weights before the point where the first round enters the loop,
 *   12 that point, 16 gemm. */
SMELT_CODE_SECTION
static void __attribute__((naked, noinline))
gemm_blocks(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *pairs,
            __attribute__((unused)) const uint32_t *end,
            __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    /* Two pairs of input values: 16 products, 19 cycles, 60 bytes. The first round jumps into the eight of them. */
#define EIGHT_TIMES_TWO_PAIRS            \
    ".irp    at, 0, 8, 16, 24, 32, 40, 48, 56\n" \
    "ldr.n   r2, [r1, #2*\\at]\n"        \
    "ldr.n   r3, [r1, #2*\\at + 4]\n"    \
    "ldr.n   r4, [r1, #2*\\at + 8]\n"    \
    "ldr.n   r5, [r1, #2*\\at + 12]\n"   \
    "ldr.n   r6, [r0, #\\at]\n"          \
    "ldr.n   r7, [r0, #\\at + 4]\n"      \
    "smlad   r9, r2, r6, r9\n"           \
    "sxtb16  r2, r2\n"                   \
    "smlad   r8, r2, r6, r8\n"           \
    "smlad   r11, r3, r6, r11\n"         \
    "sxtb16  r3, r3\n"                   \
    "smlad   r10, r3, r6, r10\n"         \
    "smlad   r9, r4, r7, r9\n"           \
    "sxtb16  r4, r4\n"                   \
    "smlad   r8, r4, r7, r8\n"           \
    "smlad   r11, r5, r7, r11\n"         \
    "sxtb16  r5, r5\n"                   \
    "smlad   r10, r5, r7, r10\n"         \
    ".endr\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #20\n"
        "mov     lr, r0\n"
        "ldr     r4, [r3, #4]\n" /* depth */
        "add     r12, r1, r4, lsl #1\n"
        "rsb     r5, r4, #0\n"
        "ubfx    r5, r5, #2, #3\n" /* groups of two pairs that the first round skips */
        "sub     r1, r1, r5, lsl #3\n"
        "lsls    r7, r5, #4\n"
        "subs    r5, r7, r5\n"
        "adr     r6, 2f\n"
        "add     r6, r6, r5, lsl #2\n"
        "str     r1, [sp, #4]\n"
        "str     r2, [sp]\n"
        "str     r7, [sp, #8]\n"
        "str     r6, [sp, #12]\n"
        "str     r3, [sp, #16]\n"
        "ldr     r1, [r3]\n"
        "1:\n" /* a block of four channels */
        "ldr     r9, [r1], #4\n"
        "ldr     r11, [r1], #4\n"
        "ldr     r2, [sp, #8]\n"
        "ldr     r3, [sp, #12]\n"
        "ldr     r0, [sp, #4]\n"
        "mov     r8, #0\n"
        "mov     r10, #0\n"
        "subs    r1, r1, r2\n"
        "mov     pc, r3\n"
        ".balign 4\n"
        "2:\n"
        EIGHT_TIMES_TWO_PAIRS
        "adds    r0, #64\n"
        "adds    r1, #128\n"
        "cmp     r0, r12\n"
        "bne     2b\n"
        "ldr     r4, [sp, #16]\n"
        "ldr     r2, [r1], #4\n"
        "ldr     r3, [r1], #4\n"
        "ldr     r5, [r4, #12]\n" /* signed_rounding */
        "sub     r9, r9, r8\n"
        "sub     r11, r11, r10\n"
        "add     r8, r2, r8, lsl #8\n"
        "add     r10, r3, r10, lsl #8\n"
        "cbnz    r5, 3f\n"
        "ldmia   r1!, {r2-r5}\n"
        "smmul   r8, r8, r2\n"
        "smmul   r9, r9, r3\n"
        "smmul   r10, r10, r4\n"
        "smmul   r11, r11, r5\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "ssat    \\sum, #8, \\sum, asr #9\n"
        "strb    \\sum, [lr], #1\n"
        ".endr\n"
        "4:\n"
        "ldr     r2, [sp]\n"
        "cmp     r1, r2\n"
        "bne     1b\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n"
        "3:\n"
        "ldr     r5, [r4, #16]\n" /* zero_point */
        ".irp    sum, r8, r9, r10, r11\n"
        "ldmia   r1!, {r2, r3}\n"
        "asr     \\sum, \\sum, #7\n"
        "smmulr  \\sum, \\sum, r2\n"
        "add     \\sum, \\sum, \\sum, asr #31\n"
        "smmlar  \\sum, \\sum, r3, r5\n"
        "ssat    \\sum, #8, \\sum\n"
        "strb    \\sum, [lr], #1\n"
        ".endr\n"
        "b       4b\n");
#undef EIGHT_TIMES_TWO_PAIRS
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_gemm_words.h"

SMELT_CODE_SECTION
uint32_t *smelt_expand_one_s8__arm_dsp(uint32_t *pairs, const int8_t *values, int32_t count) {
    for (int32_t i = 0; i < count; i += 4) {
        *pairs++ = smelt_pair(values[i], values[i + 2]);
        *pairs++ = smelt_pair(values[i + 1], values[i + 3]);
    }
    return pairs;
}

SMELT_CODE_SECTION
static void gemm_blocks(int8_t *output, const uint32_t *pairs, const uint32_t *end,
                        const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int32_t block_words = smelt_gemm_block_words(gemm->depth, gemm->signed_rounding);
    for (const uint32_t *weights = gemm->weights; weights != end; weights += block_words) {
        smelt_gemm_block(output, pairs, 1, weights, gemm->depth, gemm->signed_rounding, gemm->zero_point);
        output += 4;
    }
}

#endif

SMELT_CODE_SECTION
void smelt_gemm_one_s8__arm_dsp(int8_t *output, const uint32_t *pairs, const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int32_t block_words = gemm->depth + (gemm->signed_rounding ? 12 : 8);
    const int32_t blocks = gemm->channels / 4, rest = gemm->channels % 4;
    const uint32_t *const end = gemm->weights + blocks * block_words;
    if (blocks > 0) {
        gemm_blocks(output, pairs, end, gemm);
    }
    if (rest > 0) {
        int8_t last[4];
        struct smelt_gemm_s8__arm_dsp tail = *gemm;
        tail.weights = end;
        gemm_blocks(last, pairs, end + block_words, &tail);
        for (int32_t c = 0; c < rest; c++) {
            output[blocks * 4 + c] = last[c];
        }
    }
}
