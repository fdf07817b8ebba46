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

/* Two pixels at a time, of which every place is first turned into what the loop needs: the address where its last group
 * would be the last of SMELT_PLACE_GROUPS, and where the code of its groups begins; the end of the list becomes
 * signed_rounding and where the code of a block's end begins.
 *
 * Registers: see smelt_gemm_two__arm_dsp.h; r0 is a place. A block's first pair goes before the rest of the first group.
 * Stack: 0 the byte before the output, 4 the second place, 8 the next one, 12 step to the second pixel, 16 the last word of
 *   weights, 20 zero_point, 28 the first place, 32 and 36 what it was turned into, 40 the word before the weights, 44 pixels
 *   left, 48 the end of the list. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_gemm_places_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) struct smelt_place *list,
                              __attribute__((unused)) int32_t pixels,
                              __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #64\n"
        "subs    r0, #1\n"
        "ldr     r10, [r3]\n"
        "ldrh    r4, [r3, #4]\n"  /* depth */
        "ldrb    r6, [r3, #8]\n"  /* signed_rounding */
        "ldrsb   r5, [r3, #9]\n"  /* zero_point */
        "ldrh    r3, [r3, #6]\n"  /* channels */
        "mov     r11, r2\n"
        "adds    r4, #8\n"        /* words of a block */
        "lsrs    r7, r3, #2\n"
        "muls    r4, r7, r4\n"
        "sub     r10, r10, #4\n"
        "add     r4, r10, r4, lsl #2\n"
        "ldr     r7, [r1]\n"
        "mov     r12, r1\n"
        "adr     r8, 2f + 1\n"    /* Thumb */
        "movw    lr, #386\n"      /* bytes of a group's code */
        "1:\n"
        "ldr     r2, [r12]\n"
        "ldr     r9, [r12, #4]\n"
        "rsb     r9, r9, #3\n"
        "sub     r2, r2, r9, lsl #5\n"
        "mla     r9, r9, lr, r8\n"
        "str     r2, [r12], #4\n"
        "str     r9, [r12], #4\n"
        "ldr     r2, [r12, #4]\n"
        "cmp     r2, #0\n"
        "bne     1b\n"
        "adr     r2, 3f + 1\n"
        "str     r6, [r12]\n"
        "str     r2, [r12, #4]\n"
        "ldr     r8, [r1], #4\n"
        "ldr     r9, [r1], #4\n"
        "add     r9, r9, #50\n"   /* past the first pair */
        "stm     sp, {r0-r12}\n"
        "adr     r2, 4f + 1\n"
        "str     r2, [sp, #60]\n"
        "6:\n" /* two pixels */
        "ldr     r2, [sp, #44]\n"
        "ldr     r1, [sp, #40]\n"
        "subs    r2, #2\n"
        "str     r2, [sp, #44]\n"
        "bpl     5f\n"
        "movs    r3, #0\n"
        "str     r3, [sp, #12]\n"
        "b       5f\n");
    __asm volatile(
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
        "ldr     r0, [r3], #8\n"
        "ldr     r4, [r3, #-4]\n"
        "str     r3, [sp, #8]\n"
        "bx      r4\n"
        "3:\n" /* the end of a block */
        "cmp     r0, #0\n"
        SMELT_GEMM_FINISH("64")
        "beq     8f\n"
        "5:\n" /* a block */
        "str     r0, [sp]\n"
        "ldr     r0, [sp, #28]\n"
        "ldr     r2, [sp, #4]\n"
        "str     r2, [sp, #8]\n"
        SMELT_GEMM_FIRST("32")
        "ldr     r0, [sp, #32]\n"
        "ldr     pc, [sp, #36]\n");
    __asm volatile(
        "8:\n" /* to the next two pixels */
        "ldr     r3, [sp, #12]\n"
        "ldr     r2, [sp, #44]\n"
        "add     r0, r0, r3\n"
        "cmp     r2, #0\n"
        "ble     9f\n"
        "ldr     r3, [sp, #28]\n"
        "ldr     r4, [sp, #32]\n"
        "ldr     r5, [sp, #4]\n"
        "ldr     r6, [sp, #48]\n"
        "adds    r3, #64\n"
        "adds    r4, #64\n"
        "str     r3, [sp, #28]\n"
        "str     r4, [sp, #32]\n"
        "7:\n"
        "cmp     r5, r6\n"
        "beq     6b\n"
        "ldr     r3, [r5]\n"
        "adds    r3, #64\n"
        "str     r3, [r5], #8\n"
        "b       7b\n"
        "9:\n"
        "add     sp, #64\n"
        "pop     {r4-r11, pc}\n");
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

/* All channels of one pixel, `ahead` words from where the list says. */
SMELT_CODE_SECTION
static void one_pixel(int8_t *output, const struct smelt_place *list, int32_t ahead,
                      const struct smelt_gemm_s8__arm_dsp *gemm) {
    const uint32_t *const words = (const uint32_t *)list, *block = gemm->weights;
    for (int32_t c = 0; c < gemm->channels; c += 4) {
        struct smelt_gemm_sums sums = {{block[0], block[1]}, {0, 0}};
        const uint32_t *weights = block + 2;
        for (const struct smelt_place *place = list; place->groups > 0; place++) {
            for (int32_t i = 0; i < (int32_t)place->groups * SMELT_PLACE_WORDS; i++) {
                smelt_gemm_add(&sums, weights, words[(int32_t)place->at / 4 + ahead + i]);
                weights += 2;
            }
        }
        smelt_gemm_finish(output + c, &sums, weights, gemm);
        block += smelt_gemm_block_words(gemm);
    }
}

SMELT_CODE_SECTION
void smelt_gemm_places_s8__arm_dsp(int8_t *output, struct smelt_place *list, int32_t pixels,
                                   const struct smelt_gemm_s8__arm_dsp *gemm) {
    /* The assembly reads one pixel more where their number is odd. */
    for (int32_t x = 0; x < pixels; x++) {
        one_pixel(output + x * gemm->channels, list, x * SMELT_PLACE_WORDS, gemm);
    }
}

#endif
