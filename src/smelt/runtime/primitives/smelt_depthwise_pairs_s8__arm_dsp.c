/* Rows of values become words of pairs: a transposition of two values by four channels. */
#include "smelt_depthwise_lines_s8__arm_dsp.h"

#include <stddef.h>

/* Any number of channels up to four. */
SMELT_CODE_SECTION
static void __attribute__((noinline)) transpose_few(uint32_t *to, const int8_t *row, const int8_t *pads,
                          const struct smelt_depthwise_words *words) {
    const int32_t channels = words->channels < SMELT_LINE_CHANNELS ? words->channels : SMELT_LINE_CHANNELS;
    const uint16_t *run = words->runs;
    for (int32_t plane = 0; plane < words->planes; plane++, run++) {
        uint32_t *at = to + plane * SMELT_LINE_CHANNELS * words->plane_words;
        int32_t from = words->first + plane * words->plane_step;
        for (; *run != 0; run++) {
            const int low = row != NULL && (*run & 1) != 0, high = row != NULL && (*run & 2) != 0;
            const int32_t count = *run >> 2, low_step = low ? words->word_step : 0, high_step = high ? words->word_step : 0;
            for (int32_t c = 0; c < channels; c++) {
                const int8_t *lows = (low ? row + from : pads) + c;
                const int8_t *highs = (high ? row + (from + words->pair_step) : pads) + c;
                for (int32_t i = 0; i < SMELT_LINE_CHANNELS * count; i += SMELT_LINE_CHANNELS) {
                    at[i + c] = ((uint32_t)*lows & 0xFFFFu) | ((uint32_t)*highs << 16);
                    lows += low_step;
                    highs += high_step;
                }
            }
            at += SMELT_LINE_CHANNELS * count;
            from += words->word_step * count;
        }
    }
}

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads the members at these places. */
typedef char words_layout_is_known[offsetof(struct smelt_depthwise_words, word_step) == 16 &&
                                           offsetof(struct smelt_depthwise_words, planes) == 20 &&
                                           offsetof(struct smelt_depthwise_words, plane_words) == 22
                                       ? 1
                                       : -1];

#define WORD                                     \
    "ldr     r4, [r1]\n"                         \
    "ldr     r5, [r2]\n"                         \
    "add     r1, r8\n"                           \
    "add     r2, r9\n"                           \
    "pkhbt   r6, r4, r5, lsl #16\n"              \
    "pkhtb   r7, r5, r4, asr #16\n"              \
    "sxtb16  r4, r6\n"                           \
    "sxtb16  r5, r7\n"                           \
    "sxtb16  r6, r6, ror #8\n"                   \
    "sxtb16  r7, r7, ror #8\n"                   \
    "str     r6, [r0, #4]\n"                     \
    "str     r5, [r0, #8]\n"                     \
    "str     r7, [r0, #12]\n"                    \
    "str     r4, [r0], #16\n"

/* r0 to, r1 low halves, r2 high halves, r3 words of a run, r4 - r7 two values of four channels, then four words,
 * r8 r9 steps of low and high halves, r10 runs, r11 the run's first value, r12 the plane, lr pads.
 * Stack: 0 bytes of a plane, 4 planes, 8 plane_step, 12 pair_step, 16 word_step, 20 the plane's first value. */
SMELT_CODE_SECTION
static void __attribute__((naked, noinline))
transpose_four(__attribute__((unused)) uint32_t *to, __attribute__((unused)) const int8_t *row,
               __attribute__((unused)) const int8_t *pads,
               __attribute__((unused)) const struct smelt_depthwise_words *words) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #24\n"
        "mov     r12, r0\n"
        "mov     lr, r2\n"
        "ldm     r3, {r4-r9}\n" /* runs, first, plane_step, pair_step, word_step, planes and plane_words */
        "mov     r10, r4\n"
        "add     r11, r1, r5\n"
        "cbnz    r1, 1f\n"
        "mov     r11, r2\n" /* without a row every value is the same pad */
        "mov     r6, r1\n"
        "mov     r7, r1\n"
        "mov     r8, r1\n"
        "1:\n"
        "lsrs    r4, r9, #16\n"
        "uxth    r5, r9\n"
        "lsls    r4, r4, #4\n"
        "stm     sp, {r4-r8}\n"
        "str     r11, [sp, #20]\n"
        "2:\n" /* a plane */
        "mov     r0, r12\n"
        "ldrh    r3, [r10], #2\n"
        "3:\n" /* a run */
        "ldr     r4, [sp, #12]\n"
        "ldr     r5, [sp, #16]\n"
        "mov     r8, #0\n"
        "mov     r9, #0\n"
        "mov     r1, lr\n"
        "mov     r2, lr\n"
        "lsrs    r3, r3, #1\n"
        "itt     cs\n"
        "movcs   r1, r11\n"
        "movcs   r8, r5\n"
        "lsrs    r3, r3, #1\n"
        "itt     cs\n"
        "addcs   r2, r11, r4\n"
        "movcs   r9, r5\n"
        "mla     r11, r3, r5, r11\n"
        "lsls    r4, r3, #31\n"
        "bmi     5f\n" /* an odd number of words */
        "4:\n"
        WORD
        "5:\n"
        WORD
        "subs    r3, #2\n"
        "bgt     4b\n"
        "ldrh    r3, [r10], #2\n"
        "cmp     r3, #0\n"
        "bne     3b\n"
        "ldr     r5, [sp, #4]\n"
        "ldr     r11, [sp, #20]\n"
        "subs    r5, #1\n"
        "beq     6f\n"
        "ldr     r4, [sp]\n"
        "ldr     r6, [sp, #8]\n"
        "str     r5, [sp, #4]\n"
        "add     r12, r4\n"
        "add     r11, r6\n"
        "str     r11, [sp, #20]\n"
        "b       2b\n"
        "6:\n"
        "add     sp, #24\n"
        "pop     {r4-r11, pc}\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
SMELT_CODE_SECTION
static void transpose_four(uint32_t *to, const int8_t *row, const int8_t *pads,
                           const struct smelt_depthwise_words *words) {
    transpose_few(to, row, pads, words);
}

#endif

SMELT_CODE_SECTION
void smelt_depthwise_transpose_words_s8__arm_dsp(uint32_t *to, const int8_t *row, const int8_t *pads,
                                                 const struct smelt_depthwise_words *words) {
    if (words->channels < SMELT_LINE_CHANNELS) {
        transpose_few(to, row, pads, words);
    } else {
        transpose_four(to, row, pads, words);
    }
}
