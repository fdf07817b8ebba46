/* Two pixels times four channels at a time; see the header for the order of weights. */
#include "smelt_gemm_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

#include "smelt_gemm_two__arm_dsp.h"

/* The assembly reads these members at these places, and has the shift as an immediate. */
typedef char gemm_layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, channels) == 6 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, signed_rounding) == 8 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, zero_point) == 10 &&
                                          SMELT_GEMM_SHIFT == 9
                                      ? 1
                                      : -1];

SMELT_CODE_SECTION
uint32_t *__attribute__((naked, noinline))
smelt_expand_two_s8__arm_dsp(__attribute__((unused)) uint32_t *pairs, __attribute__((unused)) const int8_t *first,
                             __attribute__((unused)) const int8_t *second, __attribute__((unused)) int32_t count) {
    /* r0 pairs, r1 first, r2 second, r3 end of first, r4-r7 values */
#define EXPAND_4                       \
    "ldr     r4, [r1], #4\n" \
    "ldr     r5, [r2], #4\n" \
    "sxtb16  r6, r4\n" \
    "sxtb16  r7, r5\n" \
    "sxtb16  r4, r4, ror #8\n" \
    "sxtb16  r5, r5, ror #8\n" \
    "str     r6, [r0], #4\n" \
    "str     r7, [r0], #4\n" \
    "str     r4, [r0], #4\n" \
    "str     r5, [r0], #4\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7}\n"
        "lsls    r4, r3, #29\n" /* negative when count is an odd number of fours */
        "add     r3, r1, r3\n"
        "bmi     2f\n"
        "1:\n"
        EXPAND_4
        "2:\n"
        EXPAND_4
        "cmp     r1, r3\n"
        "bne     1b\n"
        "pop     {r4-r7}\n"
        "bx      lr\n");
#undef EXPAND_4
}

/* Registers and stack as in
 * smelt_gemm_two__arm_dsp.h, r0 pairs, and on the stack 4 pairs, 24 end of pairs less 64, 28 bytes of weights before the
 * point where the first round enters the loop, less 4; 32 that point. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_gemm_blocks_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *pairs,
                              __attribute__((unused)) int32_t step,
                              __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    /* Eight pairs of 15 cycles and 48 bytes. The first advances both pointers (52 bytes); the first round of a block may
     * begin at a later one. */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #36\n"
        "subs    r0, #1\n"
        "ldr     r4, [r3]\n"
        "ldrh    r5, [r3, #4]\n"       /* depth */
        "ldrh    r6, [r3, #6]\n"       /* channels */
        "ldrb    r7, [r3, #8]\n"       /* signed_rounding */
        "ldrsb   r8, [r3, #10]\n"      /* zero_point */
        "add     r9, r5, r7, lsl #2\n"
        "add     r9, r9, #8\n"         /* words of a block */
        "lsr     r6, r6, #2\n"
        "mul     r6, r6, r9\n"
        "sub     r4, r4, #4\n"         /* the word before the weights */
        "add     r6, r4, r6, lsl #2\n"
        "add     r10, r1, r5, lsl #2\n" /* 4 bytes of pairs an input value */
        "sub     r10, r10, #64\n"
        "rsb     r5, r5, #0\n"
        "ubfx    r5, r5, #1, #3\n"     /* pairs that the first round skips */
        "adr     r12, 2f\n"
        "movs    r11, #64\n"
        "cbz     r5, 5f\n"
        "add     r11, r5, r5, lsl #1\n"
        "add     r12, r12, r11, lsl #4\n"
        "add     r12, r12, #4\n"
        "lsl     r11, r5, #3\n"
        "5:\n"
        "sub     r1, r1, r11\n"
        "sub     r11, r11, #4\n"
        "stm     sp, {r0, r1, r2, r6, r7, r8, r10, r11, r12}\n"
        "mov     r1, r4\n"
        "1:\n"
        SMELT_GEMM_BEGIN
        "ldr     r4, [sp, #28]\n"
        "ldr     r5, [sp, #32]\n"
        "ldr     r0, [sp, #4]\n"
        SMELT_GEMM_CLEAR
        "subs    r1, r1, r4\n"
        "mov     pc, r5\n"
        ".balign 4\n"
        "2:\n"
        "ldr     r2, [r0, #64]!\n"
        "ldr.n   r3, [r0, #4]\n"
        "ldr     r4, [r1, #64]!\n"
        "ldr.n   r5, [r1, #4]\n"
        SMELT_GEMM_PRODUCTS
        ".irp    at, 8, 16, 24, 32, 40, 48, 56\n"
        "ldr.n   r2, [r0, #\\at]\n"
        "ldr.n   r3, [r0, #\\at + 4]\n"
        "ldr.n   r4, [r1, #\\at]\n"
        "ldr.n   r5, [r1, #\\at + 4]\n"
        SMELT_GEMM_PRODUCTS
        ".endr\n"
        "ldr     r2, [sp, #24]\n"
        "cmp     r0, r2\n"
        "bne     2b\n"
        SMELT_GEMM_FINISH("36"));
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_gemm_words.h"

SMELT_CODE_SECTION
uint32_t *smelt_expand_two_s8__arm_dsp(uint32_t *pairs, const int8_t *first, const int8_t *second, int32_t count) {
    for (int32_t i = 0; i < count; i += 4) {
        *pairs++ = smelt_pair(first[i], first[i + 2]);
        *pairs++ = smelt_pair(second[i], second[i + 2]);
        *pairs++ = smelt_pair(first[i + 1], first[i + 3]);
        *pairs++ = smelt_pair(second[i + 1], second[i + 3]);
    }
    return pairs;
}

SMELT_CODE_SECTION
void smelt_gemm_blocks_s8__arm_dsp(int8_t *output, const uint32_t *pairs, int32_t step,
                                   const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int32_t block_words = smelt_gemm_block_words(gemm);
    for (int32_t block = 0; block < gemm->channels / 4; block++) {
        for (int32_t pixel = 1; pixel >= 0; pixel--) {
            smelt_gemm_block(output + 4 * block + pixel * step, pairs + pixel, 2, gemm->weights + block * block_words,
                             gemm);
        }
    }
}

#endif

SMELT_CODE_SECTION
void smelt_gemm_rest_s8__arm_dsp(int8_t *output, const uint32_t *pairs, int32_t step,
                                 const struct smelt_gemm_s8__arm_dsp *gemm) {
    const int32_t first = gemm->channels & ~3, rest = gemm->channels - first;
    struct smelt_gemm_s8__arm_dsp last = *gemm;
    int8_t outputs[8];
    last.weights += first / 4 * smelt_gemm_block_words(gemm);
    last.channels = 4;
    smelt_gemm_blocks_s8__arm_dsp(outputs, pairs, 4, &last);
    smelt_copy_few_s8(output + first + step, outputs + 4, rest);
    smelt_copy_few_s8(output + first, outputs, rest);
}

SMELT_CODE_SECTION
void smelt_clamp_s8__arm_dsp(int8_t *output, int32_t count, int32_t low, int32_t high) {
    if (low == -128 && high == 127) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = output[i] < low ? low : output[i];
        output[i] = (int8_t)(value > high ? high : value);
    }
}
