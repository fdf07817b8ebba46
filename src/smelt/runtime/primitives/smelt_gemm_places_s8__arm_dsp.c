/* Two pixels whose inputs lie in many places times four channels at a time; see the header. */
#include "smelt_gemm_places_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

#include "smelt_gemm_two__arm_dsp.h"

/* The assembly reads these members at these places. */
typedef char gemm_layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, depth) == 4 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, channels) == 6 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, signed_rounding) == 8 &&
                                          offsetof(struct smelt_gemm_s8__arm_dsp, zero_point) == 9 &&
                                          SMELT_GEMM_SHIFT == 9
                                      ? 1
                                      : -1];

SMELT_CODE_SECTION
uint32_t *__attribute__((naked, noinline))
smelt_expand_places_s8__arm_dsp(__attribute__((unused)) uint32_t *to, __attribute__((unused)) const int8_t *values,
                                __attribute__((unused)) int32_t count, __attribute__((unused)) int32_t step) {
    /* r0 to, r1 values, r2 groups left, r3 step, r4-r7 values, r12 expanded */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7}\n"
        "1:\n"
        "ldr     r4, [r1]\n"
        "ldr     r5, [r1, #4]\n"
        "ldr     r6, [r1, #8]\n"
        "ldr     r7, [r1, #12]\n"
        ".irp    word, r4, r5, r6, r7\n"
        "sxtb16  r12, \\word\n"
        "sxtb16  \\word, \\word, ror #8\n"
        "str     r12, [r0], #4\n"
        "str     \\word, [r0], #4\n"
        ".endr\n"
        "subs    r2, r2, #1\n"
        "add     r1, r1, r3\n"
        "bne     1b\n"
        "pop     {r4-r7}\n"
        "bx      lr\n");
}

/* Registers and stack as in smelt_gemm_two__arm_dsp.h, r0 a place, and on the stack 4 places, 8 the next of them, 24 where
 * a place's code begins: the last of three groups is the last of any place; 28 signed_rounding. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_gemm_places_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *places,
                              __attribute__((unused)) int32_t step,
                              __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #32\n"
        "subs    r0, #1\n"
        "ldr     r6, [r3]\n"
        "ldrh    r4, [r3, #4]\n"  /* depth */
        "ldrh    r7, [r3, #6]\n"  /* channels */
        "ldrb    r8, [r3, #8]\n"  /* signed_rounding */
        "ldrsb   r5, [r3, #9]\n"  /* zero_point */
        "ldr     r9, [r1], #4\n"  /* groups at a place */
        "mov     r3, r2\n"
        "adds    r4, #8\n"        /* words of a block */
        "lsrs    r7, r7, #2\n"
        "muls    r4, r7, r4\n"
        "subs    r6, #4\n"        /* the word before the weights */
        "add     r4, r6, r4, lsl #2\n"
        "stm     sp, {r0-r5}\n"
        "adr     r2, 2f\n"
        "rsb     r9, r9, #3\n"
        "movw    r3, #386\n"      /* bytes of a group's code */
        "mla     r2, r9, r3, r2\n"
        "adds    r2, #1\n"        /* Thumb */
        "strd    r2, r8, [sp, #24]\n"
        "mov     r1, r6\n"
        "1:\n"
        "ldr     r7, [r1, #4]!\n"
        "ldr     r9, [r1, #4]!\n"
        "ldr     r2, [sp, #4]\n"
        "mov     r11, r7\n"
        "mov     lr, r9\n"
        "movs    r6, #0\n"
        "mov     r8, r6\n"
        "mov     r10, r6\n"
        "mov     r12, r6\n"
        "ldr     r0, [r2], #4\n"
        "str     r2, [sp, #8]\n"
        "subs    r1, #60\n"
        "ldr     pc, [sp, #24]\n"
        ".balign 4\n"
        "2:\n"
        ".irp    group, 0, 32, 64\n"
        "ldr     r4, [r1, #64]!\n"
        "ldr.n   r5, [r1, #4]\n"
        "ldr.n   r2, [r0, #\\group]\n"
        "ldr.n   r3, [r0, #\\group + 32]\n"
        SMELT_GEMM_PRODUCTS
        ".irp    at, 4, 8, 12, 16, 20, 24, 28\n"
        "ldr.n   r2, [r0, #\\group + \\at]\n"
        "ldr.n   r3, [r0, #\\group + \\at + 32]\n"
        "ldr.n   r4, [r1, #2*\\at]\n"
        "ldr.n   r5, [r1, #2*\\at + 4]\n"
        SMELT_GEMM_PRODUCTS
        ".endr\n"
        ".endr\n"
        "ldr     r3, [sp, #8]\n"
        "ldr     r0, [r3], #4\n"
        "str     r3, [sp, #8]\n"
        "cmp     r0, #0\n"
        "it      ne\n"
        "ldrne   pc, [sp, #24]\n"
        "ldr     r2, [sp, #28]\n"
        "cmp     r2, #0\n"
        SMELT_GEMM_FINISH
        "str     r0, [sp]\n"
        "bne     1b\n"
        "add     sp, #32\n"
        "pop     {r4-r11, pc}\n"
        SMELT_GEMM_FINISH_SIGNED);
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_gemm_words.h"

SMELT_CODE_SECTION
uint32_t *smelt_expand_places_s8__arm_dsp(uint32_t *to, const int8_t *values, int32_t count, int32_t step) {
    for (; count > 0; count--) {
        for (int32_t i = 0; i < SMELT_PLACE_VALUES; i += 4) {
            *to++ = smelt_pair(values[i], values[i + 2]);
            *to++ = smelt_pair(values[i + 1], values[i + 3]);
        }
        values += step;
    }
    return to;
}

SMELT_CODE_SECTION
void smelt_gemm_places_s8__arm_dsp(int8_t *output, const uint32_t *places, int32_t step,
                                   const struct smelt_gemm_s8__arm_dsp *gemm) {
    const uint32_t *block = gemm->weights;
    for (int32_t c = 0; c < gemm->channels; c += 4) {
        /* The first pixel last: the second may go to the same place. */
        for (int32_t pixel = 1; pixel >= 0; pixel--) {
            struct smelt_gemm_sums sums = {{block[0], block[1]}, {0, 0}};
            const uint32_t *weights = block + 2;
            for (const uint32_t *place = places + 1; *place != 0; place++) {
                const int32_t ahead = (SMELT_PLACE_GROUPS - (int32_t)*places) * SMELT_PLACE_WORDS;
                for (int32_t i = ahead; i < SMELT_PLACE_GROUPS * SMELT_PLACE_WORDS; i++) {
                    smelt_gemm_add(&sums, weights, places[(int32_t)*place / 4 + pixel * SMELT_PLACE_WORDS + i]);
                    weights += 2;
                }
            }
            smelt_gemm_finish(output + c + pixel * step, &sums, weights, gemm);
        }
        block += smelt_gemm_block_words(gemm);
    }
}

#endif
