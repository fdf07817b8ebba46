/* Three outputs at a time, all chunks of taps for each. */
#include "smelt_depthwise_s8__arm_v6m.h"
#include "smelt_three_sums__arm_v6m.h"

#if defined(__ARM_ARCH_6M__)

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_append_words__arm_v6m(__attribute__((unused)) struct smelt_line_words__arm_v6m *words,
                            __attribute__((unused)) const int8_t *from, __attribute__((unused)) int32_t step,
                            __attribute__((unused)) const uint32_t *end) {
    /* r0 r6 r7 the last three inputs, in turn, r1 from, r2 an input shifted, r3 end, r4 to, r5 zero, r12 step,
     * lr step of words */
#define APPEND(before, last, next)        \
    "ldrsb   " next ", [r1, r5]\n"        \
    "add     r1, r12\n"                   \
    "lsls    r2, " last ", #10\n"         \
    "adds    " before ", " before ", r2\n" \
    "lsls    r2, r2, #11\n"               \
    "adds    r2, r2, " next "\n"          \
    "str     " before ", [r4]\n"          \
    "str     r2, [r4, #4]\n"              \
    "add     r4, lr\n"                    \
    "cmp     r4, r3\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "push    {r0}\n"
        "ldmia   r0!, {r4, r5, r6, r7}\n" /* to, step, before, last */
        "mov     lr, r5\n"
        "mov     r12, r2\n"
        "movs    r5, #0\n"
        "cmp     r4, r3\n"
        "beq     4f\n"
        "1:\n"
        APPEND("r6", "r7", "r0")
        "beq     3f\n"
        APPEND("r7", "r0", "r6")
        "beq     2f\n"
        APPEND("r0", "r6", "r7")
        "bne     1b\n"
        "b       4f\n"
        "2:\n"
        "movs    r7, r6\n"
        "movs    r6, r0\n"
        "b       4f\n"
        "3:\n"
        "movs    r6, r7\n"
        "movs    r7, r0\n"
        "4:\n"
        "pop     {r0}\n"
        "str     r4, [r0]\n"
        "str     r6, [r0, #8]\n"
        "str     r7, [r0, #12]\n"
        "pop     {r4-r7, pc}\n");
#undef APPEND
}

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_line_s8__arm_v6m(__attribute__((unused)) int32_t *sums, __attribute__((unused)) const uint32_t *words,
                                 __attribute__((unused)) const struct smelt_depthwise_line__arm_v6m *line) {
    /* r0 words, r1 chunks, r2-r4 weights, r5 r6 words, then products, r7 skip, then sums
     * r8 r9 sums P, Q; r10 words of the next three outputs, r11 sums, r12 end of chunks, lr end of sums
     * Stack: 0 chunks, 4 step */
#define ADD_PRODUCTS(weight)    \
    "ldmia   r0!, {r5, r6}\n"   \
    "muls    r5, " weight ", r5\n" \
    "muls    r6, " weight ", r6\n" \
    "add     r8, r5\n"          \
    "add     r9, r6\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "mov     r4, r8\n"
        "mov     r5, r9\n"
        "mov     r6, r10\n"
        "mov     r7, r11\n"
        "push    {r4-r7}\n"
        "ldmia   r2!, {r3-r6}\n" /* chunks, chunks_end, sums_end, step */
        "mov     r12, r4\n"
        "mov     lr, r5\n"
        "push    {r3, r6}\n"
        "mov     r10, r1\n"
        "mov     r11, r0\n"
        "1:\n" /* three outputs */
        "mov     r0, r10\n"
        "ldr     r1, [sp]\n"
        "ldr     r2, [sp, #4]\n"
        "add     r10, r2\n"
        "movs    r2, #0\n"
        "mov     r8, r2\n"
        "mov     r9, r2\n"
        "2:\n"
        "ldmia   r1!, {r2, r3, r4, r7}\n"
        ADD_PRODUCTS("r2")
        ADD_PRODUCTS("r3")
        ADD_PRODUCTS("r4")
        "adds    r0, r0, r7\n"
        "cmp     r1, r12\n"
        "bne     2b\n"
        "movs    r2, #0\n"
        "mov     r7, r11\n"
        SMELT_THREE_SUMS("r8", "r9")
        "mov     r11, r7\n"
        "cmp     r7, lr\n"
        "bne     1b\n"
        "add     sp, #8\n"
        "pop     {r4-r7}\n"
        "mov     r8, r4\n"
        "mov     r9, r5\n"
        "mov     r10, r6\n"
        "mov     r11, r7\n"
        "pop     {r4-r7, pc}\n");
#undef ADD_PRODUCTS
}

#else

SMELT_CODE_SECTION
void smelt_append_words__arm_v6m(struct smelt_line_words__arm_v6m *words, const int8_t *from, int32_t step,
                                 const uint32_t *end) {
    while (words->to != end) {
        words->to[0] = smelt_word_p(words->before, words->last);
        words->to[1] = smelt_word_q(words->last, *from);
        words->to += words->step / 4;
        words->before = words->last;
        words->last = *from;
        from += step;
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_line_s8__arm_v6m(int32_t *sums, const uint32_t *words,
                                      const struct smelt_depthwise_line__arm_v6m *line) {
    for (; sums != line->sums_end; sums += 3, words += line->step / 4) {
        const uint32_t *word = words;
        uint32_t p = 0, q = 0;
        for (const struct smelt_chunk__arm_v6m *chunk = line->chunks; chunk != line->chunks_end; chunk++) {
            for (int32_t i = 0; i < 3; i++) {
                p += (uint32_t)chunk->weights[i] * *word++;
                q += (uint32_t)chunk->weights[i] * *word++;
            }
            word += chunk->skip / 4;
        }
        smelt_three_sums(sums, p, q);
    }
}

#endif
