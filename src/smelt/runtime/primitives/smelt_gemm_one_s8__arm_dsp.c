/* One pixel times four channels at a time; see the header for the order of weights. */
#include "smelt_gemm_s8__arm_dsp.h"

#include <stddef.h>

#include "smelt_simd__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places. */
typedef char gemm_layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, signed_rounding) == 8 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, zero_point) == 9 &&
                                          SMELT_GEMM_SHIFT == 9
                                      ? 1
                                      : -1];

SMELT_CODE_SECTION
uint32_t *__attribute__((naked, noinline))
smelt_expand_one_s8__arm_dsp(__attribute__((unused)) uint32_t *pairs, __attribute__((unused)) const int8_t *values,
                             __attribute__((unused)) int32_t count) {
    /* r0 pairs, r1 values, r2 number of values left, r3-r6 values, r12 pairs */
#define EXPAND(word)                     \
    "sxtb16  r12, " word "\n"            \
    "sxtb16  " word ", " word ", ror #8\n" \
    "str     r12, [r0], #4\n"            \
    "str     " word ", [r0], #4\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r6}\n"
        "subs    r2, r2, #16\n"
        "blt     2f\n"
        "1:\n"
        "ldr     r3, [r1], #16\n"
        "ldr     r4, [r1, #-12]\n"
        "ldr     r5, [r1, #-8]\n"
        "ldr     r6, [r1, #-4]\n"
        "subs    r2, r2, #16\n"
        EXPAND("r3")
        EXPAND("r4")
        EXPAND("r5")
        EXPAND("r6")
        "bge     1b\n"
        "2:\n"
        "adds    r2, r2, #16\n"
        "beq     4f\n"
        "3:\n"
        "ldr     r3, [r1], #4\n"
        "subs    r2, r2, #4\n"
        EXPAND("r3")
        "bne     3b\n"
        "4:\n"
        "pop     {r4-r6}\n"
        "bx      lr\n");
#undef EXPAND
}

/* Blocks of four channels from `weights` up to `end`. In the loop:
 *   r0 pairs, r1 weights, r2-r5 weights and r6 r7 input values of two pairs, r8 r10 sums of c0 and c2,
 *   r9 r11 256 * (c1, c3) + (c0, c2), r12 end of pairs less 64, lr output
 * Stack: 0 the last word of weights, 4 pairs, 8 bytes of weights before the point where the first round enters the loop,
 *   less 4; 12 that point, 16 signed_rounding, 20 zero_point. */
SMELT_CODE_SECTION
static void __attribute__((naked, noinline))
gemm_blocks(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *pairs,
            __attribute__((unused)) const uint32_t *weights, __attribute__((unused)) const uint32_t *end,
            __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    /* Eight times two pairs of input values: 16 products, 19 cycles, 60 bytes. The first advances both pointers
     * (64 bytes); the first round of a block may begin at a later one. */
#define TWO_PAIRS(weights, values)  \
    "ldr.n   r3, [r1, #" weights " + 4]\n" \
    "ldr.n   r4, [r1, #" weights " + 8]\n" \
    "ldr.n   r5, [r1, #" weights " + 12]\n" \
    values                          \
    "smlad   r9, r2, r6, r9\n"      \
    "sxtb16  r2, r2\n"              \
    "smlad   r8, r2, r6, r8\n"      \
    "smlad   r11, r3, r6, r11\n"    \
    "sxtb16  r3, r3\n"              \
    "smlad   r10, r3, r6, r10\n"    \
    "smlad   r9, r4, r7, r9\n"      \
    "sxtb16  r4, r4\n"              \
    "smlad   r8, r4, r7, r8\n"      \
    "smlad   r11, r5, r7, r11\n"    \
    "sxtb16  r5, r5\n"              \
    "smlad   r10, r5, r7, r10\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #24\n"
        "ldr     r4, [sp, #60]\n" /* gemm */
        "mov     lr, r0\n"
        "ldrh    r12, [r4, #4]\n" /* depth */
        "ldrb    r8, [r4, #8]\n"
        "ldrsb   r11, [r4, #9]\n"
        "rsb     r5, r12, #0\n"
        "ubfx    r5, r5, #2, #3\n" /* times two pairs that the first round skips */
        "add     r12, r1, r12, lsl #1\n"
        "sub     r12, r12, #64\n"
        "subs    r3, #4\n"
        "str     r3, [sp]\n"
        "adr     r9, 2f\n"
        "movs    r10, #128\n"
        "cbz     r5, 7f\n"
        "lsls    r10, r5, #4\n"
        "sub     r4, r10, r5\n"
        "add     r9, r9, r4, lsl #2\n"
        "adds    r9, r9, #4\n"
        "7:\n"
        "sub     r4, r1, r10, lsr #1\n"
        "subs    r5, r10, #4\n"
        "str     r4, [sp, #4]\n"
        "str     r5, [sp, #8]\n"
        "str     r9, [sp, #12]\n"
        "strd    r8, r11, [sp, #16]\n"
        "subs    r1, r2, #4\n"
        "1:\n" /* a block of four channels */
        "ldr     r9, [r1, #4]!\n"
        "ldr     r11, [r1, #4]!\n"
        "ldr     r2, [sp, #8]\n"
        "ldr     r3, [sp, #12]\n"
        "ldr     r0, [sp, #4]\n"
        "mov     r8, #0\n"
        "mov     r10, #0\n"
        "subs    r1, r1, r2\n"
        "mov     pc, r3\n"
        ".balign 4\n"
        "2:\n"
        "ldr     r2, [r1, #128]!\n"
        TWO_PAIRS("0", "ldr     r6, [r0, #64]!\nldr.n   r7, [r0, #4]\n")
        ".irp    at, 8, 16, 24, 32, 40, 48, 56\n"
        "ldr.n   r2, [r1, #2*\\at]\n"
        TWO_PAIRS("2*\\at", "ldr.n   r6, [r0, #\\at]\nldr.n   r7, [r0, #\\at + 4]\n")
        ".endr\n"
        "cmp     r0, r12\n"
        "bne     2b\n"
        "ldr     r2, [r1, #128]!\n"
        "ldr     r3, [r1, #4]!\n"
        "ldr     r4, [sp, #16]\n"
        "ldr     r6, [sp]\n"
        "sub     r9, r9, r8\n"
        "sub     r11, r11, r10\n"
        "add     r8, r2, r8, lsl #8\n"
        "add     r10, r3, r10, lsl #8\n"
        "cbnz    r4, 3f\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "ldr     r4, [r1, #4]!\n"
        "smmul   \\sum, \\sum, r4\n"
        ".endr\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "ssat    \\sum, #8, \\sum, asr #9\n"
        "strb    \\sum, [lr], #1\n"
        ".endr\n"
        "5:\n"
        "cmp     r1, r6\n"
        "bne     1b\n"
        "add     sp, #24\n"
        "pop     {r4-r11, pc}\n"
        "3:\n"
        "ldr     r5, [sp, #20]\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "ldr     r4, [r1, #4]!\n"
        "mov     r2, #1\n"
        "lsl     r2, r2, \\sum\n"
        "asr     \\sum, \\sum, #7\n"
        "smmulr  \\sum, \\sum, r4\n"
        "add     \\sum, \\sum, \\sum, asr #31\n"
        "smmlar  \\sum, \\sum, r2, r5\n"
        "ssat    \\sum, #8, \\sum\n"
        "strb    \\sum, [lr], #1\n"
        ".endr\n"
        "b       5b\n");
#undef TWO_PAIRS
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
static void gemm_blocks(int8_t *output, const uint32_t *pairs, const uint32_t *weights, const uint32_t *end,
                        const struct smelt_gemm_s8__arm_dsp *gemm) {
    for (; weights != end; weights += smelt_gemm_block_words(gemm)) {
        smelt_gemm_block(output, pairs, 1, weights, gemm);
        output += 4;
    }
}

#endif

/* Two channels, or one, of those that are in no block of four. Returns the end of their words. */
SMELT_CODE_SECTION
static const uint32_t *two_channels(int8_t *output, const uint32_t *pairs, const uint32_t *weights, int32_t channels,
                                    const struct smelt_gemm_s8__arm_dsp *gemm) {
    uint32_t sums[2] = {0, *weights++};
    for (int32_t i = gemm->depth / 2; i > 0; i--) {
        const uint32_t even = smelt_sxtb16(*weights);
        sums[1] = (uint32_t)smelt_smlad(*weights++, *pairs, (int32_t)sums[1]);
        sums[0] = (uint32_t)smelt_smlad(even, *pairs++, (int32_t)sums[0]);
    }
    sums[1] -= sums[0];
    sums[0] = (sums[0] << 8) + *weights++;
    for (int32_t c = 0; c < channels; c++) {
        const int32_t sum = (int32_t)sums[c], multiplier = (int32_t)weights[c];
        output[c] = gemm->signed_rounding
                        ? smelt_round_twice(sum, multiplier, (int32_t)(1u << (sum & 31)), gemm->zero_point)
                        : smelt_round_once(sum, multiplier);
    }
    return weights + 2;
}

SMELT_CODE_SECTION
void smelt_gemm_one_s8__arm_dsp(int8_t *output, const uint32_t *pairs, const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int32_t blocks = gemm->channels / 4;
    const uint32_t *weights = gemm->weights;
    const uint32_t *const end = weights + blocks * smelt_gemm_block_words(gemm);
    if (blocks > 0) {
        gemm_blocks(output, pairs, weights, end, gemm);
    }
    weights = end;
    for (int32_t c = 4 * blocks; c < gemm->channels; c += 2) {
        weights = two_channels(output + c, pairs, weights, gemm->channels - c > 1 ? 2 : 1, gemm);
    }
}
