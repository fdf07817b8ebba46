/* Two receptive fields are read where they lie and expanded; see the header. */
#include "smelt_expand_fields_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places. */
typedef char fields_layout_is_known[offsetof(struct smelt_fields_s8, columns) == 0 &&
                                            offsetof(struct smelt_fields_s8, offsets) == 8 &&
                                            offsetof(struct smelt_fields_s8, count) == 16 &&
                                            offsetof(struct smelt_fields_s8, words) == 20 &&
                                            offsetof(struct smelt_fields_s8, rest) == 24 &&
                                            offsetof(struct smelt_fields_s8, rest_words) == 28 &&
                                            offsetof(struct smelt_fields_s8, rests) == 32
                                        ? 1
                                        : -1];

/* r0 pairs, r1 r2 columns, r3 r4 offsets, r5 runs left, r6 r7 values of both pixels, r8 r9 four of each,
 * r10 expanded, r11 words or values left, r12 lr rests
 * Stack: 0 words, 4 rest, 8 rest_words, 12 and 16 rests. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_expand_fields_s8__arm_dsp(__attribute__((unused)) uint32_t *pairs,
                                __attribute__((unused)) const struct smelt_fields_s8 *fields) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #20\n"
        "add     r12, r1, #20\n"
        "ldm     r12, {r6-r9, r12}\n"
        "stm     sp, {r6-r9, r12}\n"
        "mov     lr, r12\n"
        "mov     r12, r9\n"
        "ldm     r1, {r1-r5}\n"
        "1:\n" /* a run */
        "ldr     r6, [r3], #4\n"
        "ldr     r7, [r4], #4\n"
        "ldr     r11, [sp]\n"
        "add     r6, r6, r1\n"
        "add     r7, r7, r2\n"
        "cmp     r11, #0\n"
        "beq     3f\n"
        "2:\n" /* a word of each pixel */
        "ldr     r8, [r6], #4\n"
        "ldr     r9, [r7], #4\n"
        "subs    r11, r11, #1\n"
        "sxtb16  r10, r8\n"
        "str     r10, [r0], #16\n"
        "sxtb16  r10, r9\n"
        "str     r10, [r0, #-12]\n"
        "sxtb16  r8, r8, ror #8\n"
        "str     r8, [r0, #-8]\n"
        "sxtb16  r9, r9, ror #8\n"
        "str     r9, [r0, #-4]\n"
        "bne     2b\n"
        "3:\n"
        "ldr     r11, [sp, #4]\n"
        "cmp     r11, #0\n"
        "beq     5f\n"
        "4:\n" /* a value of each pixel's rest */
        "ldrb    r8, [r6], #1\n"
        "ldrb    r9, [r7], #1\n"
        "subs    r11, r11, #1\n"
        "strb    r8, [r12], #1\n"
        "strb    r9, [lr], #1\n"
        "bne     4b\n"
        "5:\n"
        "subs    r5, r5, #1\n"
        "bne     1b\n"
        /* The rests are a run of words; after it nothing is left. */
        "ldr     r11, [sp, #8]\n"
        "ldr     r6, [sp, #12]\n"
        "ldr     r7, [sp, #16]\n"
        "str     r5, [sp, #4]\n"
        "str     r5, [sp, #8]\n"
        "movs    r5, #1\n"
        "cmp     r11, #0\n"
        "bne     2b\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n");
}

#else

#include "smelt_gemm_words.h"

SMELT_CODE_SECTION
static uint32_t *expand(uint32_t *pairs, const int8_t *values, int32_t words) {
    for (; words > 0; words--) {
        pairs[0] = smelt_pair(values[0], values[2]);
        pairs[2] = smelt_pair(values[1], values[3]);
        pairs += 4;
        values += 4;
    }
    return pairs;
}

SMELT_CODE_SECTION
void smelt_expand_fields_s8__arm_dsp(uint32_t *pairs, const struct smelt_fields_s8 *fields) {
    for (int32_t pixel = 0; pixel < 2; pixel++) {
        uint32_t *to = pairs + pixel;
        int8_t *rest = fields->rests[pixel];
        for (int32_t k = 0; k < fields->count; k++) {
            const int8_t *const run = fields->columns[pixel] + fields->offsets[pixel][k];
            to = expand(to, run, fields->words);
            for (int32_t i = 0; i < fields->rest; i++) {
                *rest++ = run[4 * fields->words + i];
            }
        }
        expand(to, fields->rests[pixel], fields->rest_words);
    }
}

#endif
