/* One row or two at a time; see smelt_dense_s8__arm_dsp.h for the arithmetic. */
#include "smelt_dense_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places. */
typedef char dense_layout_is_known[offsetof(struct smelt_dense_s8__arm_dsp, word_bytes) == 16 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, absent_bits) == 20
                                       ? 1
                                       : -1];

/* r0 `sums`, r1 values, r2 r3 rows, r4 r5 weights, r6 r7 values, r8 weights + values
 * r9 `shared`, r10 r11 sums with it, r12 where the last round begins, lr last values */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_dense_rows_s8__arm_dsp(__attribute__((unused)) int32_t *sums, __attribute__((unused)) const int8_t *values,
                             __attribute__((unused)) const uint32_t *row, __attribute__((unused)) int32_t step,
                             __attribute__((unused)) const struct smelt_dense_s8__arm_dsp *dense) {
#define EXPAND                         \
    "sxtb16  r7, r6, ror #8\n"         \
    "sxtb16  r6, r6\n"                 \
    "smlad   r9, r6, r7, r9\n"
#define TWO                            \
    EXPAND                             \
    "sxtab16 r8, r7, r4\n"             \
    "sxtab16 r4, r6, r4, ror #8\n"     \
    "smlad   r10, r8, r4, r10\n"       \
    "sxtab16 r8, r7, r5\n"             \
    "sxtab16 r5, r6, r5, ror #8\n"     \
    "smlad   r11, r8, r5, r11\n"
#define ONE                            \
    EXPAND                             \
    "sxtab16 r7, r7, r4\n"             \
    "sxtab16 r6, r6, r4, ror #8\n"     \
    "smlad   r10, r7, r6, r10\n"
    /* A round is two steps, whose first also advances the pointers; the first round may begin at the second. */
    __asm volatile(
        ".syntax unified\n"
        "ldr     r12, [sp]\n"
        "push    {r4-r11, lr}\n"
        "ldrh    r4, [r12, #16]\n"
        "ldrb    r5, [r12, #20]\n"
        "add     r12, r1, r4\n"
        "sub     lr, r12, r5, lsr #3\n"
        "ldr     lr, [lr]\n"
        "lsr     lr, lr, r5\n"
        "mov     r9, #0\n"
        "mov     r10, r9\n"
        "mov     r11, r9\n"
        "ands    r5, r4, #4\n" /* an odd number of whole words */
        "ite     eq\n"
        "moveq   r5, #8\n"
        "movne   r5, #4\n"
        "subs    r1, r1, r5\n"
        "subs    r2, r2, r5\n"
        "sub     r12, r12, #8\n"
        "cmp     r3, #0\n"
        "beq     6f\n"
        "add     r3, r3, r2\n"
        "cmp     r4, #0\n"
        "beq     3f\n"
        "cmp     r5, #4\n"
        "beq     2f\n"
        "1:\n"
        "ldr     r6, [r1, #8]!\n"
        "ldr     r4, [r2, #8]!\n"
        "ldr     r5, [r3, #8]!\n"
        TWO
        "2:\n"
        "ldr     r6, [r1, #4]\n"
        "ldr     r4, [r2, #4]\n"
        "ldr     r5, [r3, #4]\n"
        TWO
        "cmp     r1, r12\n"
        "bne     1b\n"
        "3:\n"
        "ldr     r4, [r2, #8]\n"
        "ldr     r5, [r3, #8]\n"
        "mov     r6, lr\n"
        TWO
        "sub     r11, r11, r9\n"
        "str     r11, [r0, #4]\n"
        "4:\n"
        "sub     r10, r10, r9\n"
        "str     r10, [r0]\n"
        "pop     {r4-r11, pc}\n"
        "6:\n"
        "cmp     r4, #0\n"
        "beq     3f\n"
        "cmp     r5, #4\n"
        "beq     2f\n"
        "1:\n"
        "ldr     r6, [r1, #8]!\n"
        "ldr     r4, [r2, #8]!\n"
        ONE
        "2:\n"
        "ldr     r6, [r1, #4]\n"
        "ldr     r4, [r2, #4]\n"
        ONE
        "cmp     r1, r12\n"
        "bne     1b\n"
        "3:\n"
        "ldr     r4, [r2, #8]\n"
        "mov     r6, lr\n"
        ONE
        "b       4b\n");
#undef EXPAND
#undef TWO
#undef ONE
}

#else

/* The same in C, for other cores. */
#include "smelt_simd__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_dense_rows_s8__arm_dsp(int32_t *sums, const int8_t *values, const uint32_t *row, int32_t step,
                                  const struct smelt_dense_s8__arm_dsp *dense) {
    const uint32_t *const rows[2] = {row, row + step / 4};
    for (int32_t k = 0; k < (step != 0 ? 2 : 1); k++) {
        int32_t shared = 0, sum = 0;
        for (int32_t i = 0; i <= dense->word_bytes; i += 4) {
            uint32_t word = smelt_dense_last(values, dense);
            if (i < dense->word_bytes) {
                memcpy(&word, values + i, 4);
            }
            const uint32_t even = smelt_sxtb16(word), odd = smelt_sxtb16_ror8(word), weights = rows[k][i / 4];
            shared = smelt_smlad(even, odd, shared);
            sum = smelt_smlad(smelt_sxtab16(odd, weights), smelt_sxtab16_ror8(even, weights), sum);
        }
        sums[k] = sum - shared;
    }
}

#endif
