/* Six pixels at a time; see the header for the arithmetic. */
#include "smelt_gemm_s8__arm_v6m.h"

#define WORDS 4 /* of six pixels */

/* The sums of six pixels for `channels` channels, one after the other, of products with the inputs in the words from
 * `words` to `words_end` and with weights, four in a word. Returns the weights' end. */
#if defined(__ARM_ARCH_6M__)

SMELT_CODE_SECTION
static const uint32_t *__attribute__((naked, noinline))
multiply(__attribute__((unused)) int32_t *sums, __attribute__((unused)) const uint32_t *weights,
         __attribute__((unused)) const uint32_t *words, __attribute__((unused)) const uint32_t *words_end,
         __attribute__((unused)) int32_t channels) {
    /* r0 words, r1 weights, r2 four weights, r3-r6 inputs, then products, r7 weight
     * r8-r11 sums P, Q, P, Q; r12 end of words, lr `sums`; stack: 0 words, 40 channels */
#define ADD_PRODUCTS(weight)    \
    "ldmia   r0!, {r3-r6}\n"    \
    "muls    r3, " weight ", r3\n" \
    "muls    r4, " weight ", r4\n" \
    "muls    r5, " weight ", r5\n" \
    "muls    r6, " weight ", r6\n" \
    "add     r8, r3\n"          \
    "add     r9, r4\n"          \
    "add     r10, r5\n"         \
    "add     r11, r6\n"
#define FOUR_INPUTS             \
    "ldmia   r1!, {r2}\n"       \
    "sxtb    r7, r2\n"          \
    ADD_PRODUCTS("r7")          \
    "asrs    r2, r2, #8\n"      \
    "sxtb    r7, r2\n"          \
    ADD_PRODUCTS("r7")          \
    "asrs    r2, r2, #8\n"      \
    "sxtb    r7, r2\n"          \
    ADD_PRODUCTS("r7")          \
    "asrs    r2, r2, #8\n"      \
    ADD_PRODUCTS("r2")
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "mov     r4, r8\n"
        "mov     r5, r9\n"
        "mov     r6, r10\n"
        "mov     r7, r11\n"
        "push    {r4-r7}\n"
        "push    {r2}\n"
        "mov     lr, r0\n"
        "mov     r12, r3\n"
        "1:\n" /* a channel */
        "ldr     r0, [sp]\n"
        "movs    r2, #0\n"
        "mov     r8, r2\n"
        "mov     r9, r2\n"
        "mov     r10, r2\n"
        "mov     r11, r2\n"
        "mov     r2, r12\n"
        "subs    r2, r2, r0\n"
        "lsls    r2, r2, #25\n" /* an odd number of fours, 64 bytes each */
        "bmi     3f\n"
        "2:\n"
        FOUR_INPUTS
        "3:\n"
        FOUR_INPUTS
        "cmp     r0, r12\n"
        "bne     2b\n"
        "movs    r2, #0\n"
        "mov     r7, lr\n"
        SMELT_THREE_SUMS("r8", "r9")
        SMELT_THREE_SUMS("r10", "r11")
        "mov     lr, r7\n"
        "ldr     r2, [sp, #40]\n"
        "subs    r2, r2, #1\n"
        "str     r2, [sp, #40]\n"
        "beq     4f\n"
        "b       1b\n"
        "4:\n"
        "mov     r0, r1\n"
        "pop     {r2}\n"
        "pop     {r4-r7}\n"
        "mov     r8, r4\n"
        "mov     r9, r5\n"
        "mov     r10, r6\n"
        "mov     r11, r7\n"
        "pop     {r4-r7, pc}\n");
#undef ADD_PRODUCTS
#undef FOUR_INPUTS
}

SMELT_CODE_SECTION
static uint32_t *__attribute__((naked, noinline))
expand_three(__attribute__((unused)) uint32_t *words, __attribute__((unused)) const int8_t *x0,
             __attribute__((unused)) const int8_t *x1, __attribute__((unused)) const int8_t *x2,
             __attribute__((unused)) int32_t count) {
    /* r0 words, r1-r3 ends of x0, x1, x2, r4 P, r5 Q, r6 value, r7 index, from -count up to 0 */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7}\n"
        "ldr     r7, [sp, #16]\n"
        "adds    r1, r1, r7\n"
        "adds    r2, r2, r7\n"
        "adds    r3, r3, r7\n"
        "rsbs    r7, r7, #0\n"
        "1:\n"
        "ldrsb   r5, [r2, r7]\n"
        "ldrsb   r4, [r1, r7]\n"
        "lsls    r5, r5, #10\n"
        "adds    r4, r4, r5\n"
        "ldrsb   r6, [r3, r7]\n"
        "lsls    r5, r5, #11\n"
        "adds    r5, r5, r6\n"
        "stmia   r0!, {r4, r5}\n"
        "adds    r0, #8\n"
        "adds    r7, #1\n"
        "bne     1b\n"
        "pop     {r4-r7}\n"
        "bx      lr\n");
}

#else

/* packed[i] += words[i] * weight, for the words of an input. */
SMELT_CODE_SECTION
static inline void add_products(uint32_t packed[WORDS], const uint32_t *words, int32_t weight) {
    packed[0] += words[0] * (uint32_t)weight;
    packed[1] += words[1] * (uint32_t)weight;
    packed[2] += words[2] * (uint32_t)weight;
    packed[3] += words[3] * (uint32_t)weight;
}

SMELT_CODE_SECTION
static int32_t *store_sums(int32_t *sums, const uint32_t packed[WORDS]) {
    smelt_three_sums(sums, packed[0], packed[1]);
    smelt_three_sums(sums + 3, packed[2], packed[3]);
    return sums + SMELT_GEMM_PIXELS;
}

#if defined(__riscv)
#define CHANNELS 2 /* together: as many sums as registers hold */
#else
#define CHANNELS 1
#endif

SMELT_CODE_SECTION
static const uint32_t *multiply(int32_t *sums, const uint32_t *weights, const uint32_t *words,
                                const uint32_t *words_end, int32_t channels) {
    const int32_t depth = (int32_t)(words_end - words) / WORDS;
    const int8_t *weight = (const int8_t *)weights; /* the first of a word is its lowest byte */
    for (; CHANNELS > 1 && channels > 1; channels -= CHANNELS) {
        uint32_t one[WORDS] = {0}, other[WORDS] = {0};
        for (const uint32_t *word = words; word != words_end; word += WORDS, weight++) {
            add_products(one, word, weight[0]);
            add_products(other, word, weight[depth]);
        }
        weight += depth;
        sums = store_sums(store_sums(sums, one), other);
    }
    for (; channels > 0; channels--) {
        uint32_t packed[WORDS] = {0};
        for (const uint32_t *word = words; word != words_end; word += WORDS) {
            add_products(packed, word, *weight++);
        }
        sums = store_sums(sums, packed);
    }
    return (const uint32_t *)(const void *)weight;
}

SMELT_CODE_SECTION
static uint32_t *expand_three(uint32_t *words, const int8_t *x0, const int8_t *x1, const int8_t *x2, int32_t count) {
    for (int32_t k = 0; k < count; k++) {
        words[0] = smelt_word_p(x0[k], x1[k]);
        words[1] = smelt_word_q(x1[k], x2[k]);
        words += WORDS;
    }
    return words;
}

#endif

SMELT_CODE_SECTION
uint32_t *smelt_expand_six_s8__arm_v6m(uint32_t *words, const int8_t *const pixels[SMELT_GEMM_PIXELS], int32_t count) {
    expand_three(words + 2, pixels[3], pixels[4], pixels[5], count);
    return expand_three(words, pixels[0], pixels[1], pixels[2], count);
}

SMELT_CODE_SECTION
void smelt_gemm_six_s8__arm_v6m(int8_t *output, const uint32_t *words, int32_t count, int32_t *sums,
                                const struct smelt_gemm_s8__arm_v6m *gemm) {
    const uint32_t *const end = words + WORDS * gemm->depth, *weights = gemm->weights, *records = gemm->records;
    struct smelt_requantize_s8__arm_v6m how = {count, gemm->channels, gemm->shift, SMELT_GEMM_BLOCK,
                                               SMELT_GEMM_PIXELS - count};
    int32_t *const more = sums + SMELT_GEMM_BLOCK * SMELT_GEMM_PIXELS;
    for (int32_t left = gemm->channels; left > 0; left -= how.channels) {
        const uint32_t *from = words;
        if (left < how.channels) {
            how.channels = left;
        }
        while (from != end) {
            const uint32_t *const to = end - from > WORDS * gemm->segment ? from + WORDS * gemm->segment : end;
            weights = multiply(from == words ? sums : more, weights, from, to, how.channels);
            for (int32_t i = how.channels * SMELT_GEMM_PIXELS - 1; from != words && i >= 0; i--) {
                sums[i] += more[i];
            }
            from = to;
        }
        records = smelt_requantize_s8__arm_v6m(output, records, sums, &how);
        output += how.channels;
    }
}
