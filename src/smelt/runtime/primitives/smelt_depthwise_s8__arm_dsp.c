/* 3 x 3 taps in six registers of two weights: P = (w0, w1) and Q = (w1, w2) of each row. */
#include "smelt_depthwise_s8__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* What has no register: kept by the FPU, which moves a word in a cycle, or on the stack. */
#if defined(__ARM_FP)
#define KEEP(place, register) "vmov    s" place ", " register "\n"
#define RECALL(register, place) "vmov    " register ", s" place "\n"
#define RESERVE ""
#define RELEASE ""
#else
#define KEEP(place, register) "str     " register ", [sp, #4*" place "]\n"
#define RECALL(register, place) "ldr     " register ", [sp, #4*" place "]\n"
#define RESERVE "sub     sp, #28\n"
#define RELEASE "add     sp, #28\n"
#endif
#define START "0"
#define MULTIPLIER "1"
#define STEP "2"
#define END "3"
#define EXTENT "4"
#define CHANNEL "5"
#define LINE "6"

/* A row's taps: p = first, q = middle, row = last; then p = (first, middle), q = (middle, last). */
#define LOAD_TAPS(row, p, q)                     \
    "ldrsb   " p ", [" row "]\n"                 \
    "ldrsb   " q ", [" row ", r7]\n"             \
    "ldrsb   " row ", [" row ", r7, lsl #1]\n"
#define PAIR_TAPS(row, p, q)                     \
    "pkhbt   " p ", " p ", " q ", lsl #16\n"     \
    "pkhbt   " q ", " q ", " row ", lsl #16\n"

/* r5 r6 r7 the next word of the three rows, r1 there. */
#define NEXT_WORDS                   \
    "ldr     r5, [r1, #48]!\n"       \
    "ldr     r6, [r1, #16]\n"        \
    "ldr     r7, [r1, #32]\n"

/* Two outputs: x0 x1 x2 and x1 x2 x3 times w0 w1 w2. r0 output, r1 lines, r2 what is recalled, r3 r4 sums. */
#define PAIR                                     \
    RECALL("r2", START)                          \
    "smlad   r4, r5, r8, r2\n"                   \
    "smlatb  r3, r5, r8, r2\n"                   \
    "smlad   r4, r6, r10, r4\n"                  \
    "smlatb  r3, r6, r10, r3\n"                  \
    "smlad   r4, r7, r12, r4\n"                  \
    "smlatb  r3, r7, r12, r3\n"                  \
    NEXT_WORDS                                   \
    "smlabt  r4, r5, r9, r4\n"                   \
    "smlad   r3, r5, r9, r3\n"                   \
    "smlabt  r4, r6, r11, r4\n"                  \
    "smlad   r3, r6, r11, r3\n"                  \
    "smlabt  r4, r7, lr, r4\n"                   \
    "smlad   r3, r7, lr, r3\n"                   \
    RECALL("r2", MULTIPLIER)                     \
    "smmul   r4, r4, r2\n"                       \
    "smmul   r3, r3, r2\n"                       \
    RECALL("r2", STEP)                           \
    "ssat    r4, #8, r4, asr #9\n"               \
    "ssat    r3, #8, r3, asr #9\n"               \
    "strb    r4, [r0]\n"                         \
    "strb    r3, [r0, r2]\n"                     \
    "add     r0, r0, r2, lsl #1\n"

/* One output of stride 2. r2 step, r3 start, r9 the last weights of two rows, r11 multiplier. */
#define OUTPUT_STRIDE_2                          \
    "smlad   r4, r5, r8, r3\n"                   \
    "smlad   r4, r6, r10, r4\n"                  \
    "smlad   r4, r7, r12, r4\n"                  \
    NEXT_WORDS                                   \
    "smlabb  r4, r5, r9, r4\n"                   \
    "smlabt  r4, r6, r9, r4\n"                   \
    "smlabt  r4, r7, lr, r4\n"                   \
    "smmul   r4, r4, r11\n"                      \
    "ssat    r4, #8, r4, asr #9\n"               \
    "strb    r4, [r0]\n"                         \
    "add     r0, r2\n"

/* In the loops: r0 output, r1 lines, r2 r3 r4 see above, r5 r6 r7 the word of the three rows that ends one pair's (or
 * output's) field and begins the next one's, r8 r10 r12 P and r9 r11 lr Q of the three rows. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_3x3_line_s8__arm_dsp(__attribute__((unused)) const struct smelt_depthwise_line *line) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        RESERVE
        "ldr     r1, [r0, #32]\n"
        "ldr     r2, [r0, #36]\n"
        "ldr     r12, [r0, #40]\n"
        KEEP(STEP, "r1")
        KEEP(EXTENT, "r2")
        KEEP(LINE, "r0")
        "1:\n" /* r12 channel */
        KEEP(CHANNEL, "r12")
        "ldm     r0, {r1-r8}\n" /* output, lines, starts, taps, tap step, multipliers */
        "add     r3, r3, r12, lsl #2\n"
        "add     r0, r1, r12\n"
        "add     r1, r2, r12, lsl #2\n"
        "add     r12, r12, r12, lsl #3\n"
        "add     r4, r4, r12\n"
        "add     r5, r5, r12\n"
        "add     r6, r6, r12\n"
        "ldr     r2, [r3]\n"
        "ldr     r3, [r3, r8]\n"
        LOAD_TAPS("r4", "r8", "r9")
        LOAD_TAPS("r5", "r10", "r11")
        LOAD_TAPS("r6", "r12", "lr")
        PAIR_TAPS("r4", "r8", "r9")
        PAIR_TAPS("r5", "r10", "r11")
        PAIR_TAPS("r6", "r12", "lr")
        KEEP(START, "r2")
        KEEP(MULTIPLIER, "r3")
        RECALL("r2", EXTENT)
        "ldr     r5, [r1]\n"
        "ldr     r6, [r1, #16]\n"
        "ldr     r7, [r1, #32]\n"
        "add     r3, r1, r2\n"
        "bic     r3, r3, #3\n"
        KEEP(END, "r3")
        "lsls    r4, r2, #31\n" /* the bits 0 and 1, then 4 of an odd number of iterations */
        "bcs     5f\n"
        "lsls    r4, r2, #27\n"
        "bmi     3f\n"
        "cmp     r1, r3\n"
        "beq     4f\n"
        "2:\n"
        PAIR
        "3:\n"
        PAIR
        RECALL("r2", END)
        "cmp     r1, r2\n"
        "bne     2b\n"
        "4:\n"
        RECALL("r2", EXTENT)
        "lsls    r2, r2, #31\n"
        "beq     8f\n"
        RECALL("r2", START) /* a last output by itself */
        "smlad   r4, r5, r8, r2\n"
        "smlad   r4, r6, r10, r4\n"
        "smlad   r4, r7, r12, r4\n"
        NEXT_WORDS
        RECALL("r2", MULTIPLIER)
        "smlabt  r4, r5, r9, r4\n"
        "smlabt  r4, r6, r11, r4\n"
        "smlabt  r4, r7, lr, r4\n"
        "smmul   r4, r4, r2\n"
        "ssat    r4, #8, r4, asr #9\n"
        "strb    r4, [r0]\n"
        "b       8f\n"
        "5:\n"
        "lsls    r4, r2, #27\n"
        "pkhtb   r9, r11, r9, asr #16\n"
        RECALL("r2", STEP)
        RECALL("r3", START)
        RECALL("r11", MULTIPLIER)
        "bmi     7f\n"
        "6:\n"
        OUTPUT_STRIDE_2
        "7:\n"
        OUTPUT_STRIDE_2
        RECALL("r4", END)
        "cmp     r1, r4\n"
        "bne     6b\n"
        "8:\n"
        RECALL("r12", CHANNEL)
        RECALL("r0", LINE)
        "add     r12, r12, #1\n"
        "cmp     r12, #4\n"
        "bne     1b\n"
        RELEASE
        "pop     {r4-r11, pc}\n");
}

/* The four channels' words of a pair of positions: r0 lines, r3 mask, r4 r5 the positions' bytes. */
#define STORE_PAIR                               \
    "pkhbt   r6, r4, r5, lsl #16\n"              \
    "pkhtb   r7, r5, r4, asr #16\n"              \
    "and     r4, r3, r6, lsl #8\n"               \
    "ands    r6, r3\n"                           \
    "and     r5, r3, r7, lsl #8\n"               \
    "ands    r7, r3\n"                           \
    "str     r6, [r0, #4]\n"                     \
    "str     r5, [r0, #8]\n"                     \
    "str     r7, [r0, #12]\n"                    \
    "str     r4, [r0], #48\n"
#define COPY_PAIR                                \
    "ldr     r4, [r1]\n"                         \
    "ldr     r5, [r1, r2]\n"                     \
    "add     r1, r1, r2, lsl #1\n"               \
    STORE_PAIR

/* r1 inputs, r2 step, r8 end of pairs, r12 pads, lr tail */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_transpose_s8__arm_dsp(__attribute__((unused)) uint32_t *lines,
                                      __attribute__((unused)) const int8_t *inputs,
                                      __attribute__((unused)) const struct smelt_depthwise_row *row) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r8, lr}\n"
        "ldm     r2, {r2, r4, r6, r8, lr}\n" /* step, pads, head, extent, tail */
        "mov     r3, #0xFF00FF00\n"
        "mov     r12, r4\n"
        "cbz     r6, 1f\n"
        "ldr     r5, [r1]\n"
        "add     r1, r2\n"
        STORE_PAIR
        "1:\n"
        "lsls    r6, r8, #27\n" /* N: an odd number of pairs */
        "add     r8, r0\n"
        "bmi     3f\n"
        "cmp     r0, r8\n"
        "beq     4f\n"
        "2:\n"
        COPY_PAIR
        "3:\n"
        COPY_PAIR
        "cmp     r0, r8\n"
        "bne     2b\n"
        "4:\n"
        "cmp     lr, #0\n"
        "beq     5f\n"
        "ldr     r4, [r1]\n"
        "mov     r5, r12\n"
        STORE_PAIR
        "5:\n"
        "pop     {r4-r8, pc}\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

SMELT_CODE_SECTION
static uint32_t *store_pair(uint32_t *lines, const int8_t *first, const int8_t *second) {
    for (int32_t c = 0; c < 4; c++) {
        lines[c] = ((uint32_t)(uint8_t)first[c] << 8) | ((uint32_t)(uint8_t)second[c] << 24);
    }
    return lines + SMELT_LINE_WORDS;
}

SMELT_CODE_SECTION
void smelt_depthwise_transpose_s8__arm_dsp(uint32_t *lines, const int8_t *inputs, const struct smelt_depthwise_row *row) {
    const int8_t *const pads = (const int8_t *)&row->pads;
    if (row->head) {
        lines = store_pair(lines, pads, inputs);
        inputs += row->step;
    }
    for (int32_t i = 0; i < row->extent; i += SMELT_LINE_BYTES) {
        lines = store_pair(lines, inputs, inputs + row->step);
        inputs += 2 * row->step;
    }
    if (row->tail) {
        store_pair(lines, inputs, pads);
    }
}

SMELT_CODE_SECTION
static int32_t sum_of_taps(const struct smelt_depthwise_line *line, int32_t channel, int32_t position) {
    int32_t sum = (int32_t)line->starts[channel];
    for (int32_t k = 0; k < 9; k++, position += k % 3 == 0 ? -2 : 1) {
        const uint32_t pair = line->lines[position / 2 * SMELT_LINE_WORDS + k / 3 * 4 + channel];
        const int32_t weight = line->taps[k / 3][9 * channel + k % 3 * line->tap_step];
        sum = smelt_smlabb(position % 2 ? pair >> 16 : pair, (uint32_t)weight, sum);
    }
    return sum;
}

SMELT_CODE_SECTION
void smelt_depthwise_3x3_line_s8__arm_dsp(const struct smelt_depthwise_line *line) {
    const int32_t stride = line->extent & SMELT_LINE_STRIDE_2 ? 2 : 1;
    const int32_t count = line->extent / SMELT_LINE_BYTES * (3 - stride) + (line->extent & SMELT_LINE_ODD);
    for (int32_t c = line->channel; c < 4; c++) {
        const int32_t multiplier = (int32_t)line->starts[c + line->multipliers / 4];
        for (int32_t i = 0; i < count; i++) {
            line->output[i * line->output_step + c] = smelt_round_once(sum_of_taps(line, c, i * stride), multiplier);
        }
    }
}

#endif
