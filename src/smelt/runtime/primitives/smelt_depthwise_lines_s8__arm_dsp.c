/* Four outputs of a line at a time: their sums over all taps, then their requantization. */
#include "smelt_depthwise_lines_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads the members at these places. */
typedef char lines_layout_is_known[offsetof(struct smelt_depthwise_lines, starts) == 12 &&
                                           offsetof(struct smelt_depthwise_lines, shape) == 16 &&
                                           offsetof(struct smelt_depthwise_lines, outputs) == 20 &&
                                           offsetof(struct smelt_depthwise_lines, channels) == 28
                                       ? 1
                                       : -1];
typedef char shape_layout_is_known[offsetof(struct smelt_depthwise_line_shape, taps) == 4 &&
                                           offsetof(struct smelt_depthwise_line_shape, output_step) == 12 &&
                                           offsetof(struct smelt_depthwise_line_shape, line_step) == 20 &&
                                           offsetof(struct smelt_depthwise_line_shape, zero_point) == 36
                                       ? 1
                                       : -1];

/* What has no register: kept by the FPU, which moves a word in a cycle, or on the stack. */
#if defined(__ARM_FP)
#define KEEP(place, register) "vmov    s" place ", " register "\n"
#define RECALL(register, place) "vmov    " register ", s" place "\n"
#define RESERVE ""
#define RELEASE ""
#else
#define KEEP(place, register) "str     " register ", [sp, #4*" place "]\n"
#define RECALL(register, place) "ldr     " register ", [sp, #4*" place "]\n"
#define RESERVE "sub     sp, #64\n"
#define RELEASE "add     sp, #64\n"
#endif
#define START "0"
#define MULTIPLIER "1"
#define DIVISOR "2"
#define ZERO_POINT "3"
#define STEP "4"
#define END "5"
#define OUTPUT "6"
#define WAY "7" /* the code for the number of pairs, or offsets */
#define LINES "8"
#define COUNT "9"
#define OUTPUT_LINE "10"
#define LINE "11"
#define WEIGHTS "12" /* or how many taps a row has */
#define TAPS WEIGHTS
#define CHANNEL "13"
#define MASK "14"
#define SCALE "15"

/* The loops around the groups of four outputs. Before: r0 lines, kept. In the loops: r1 a word of the line, r4 - r7 the
 * sums of a group. A channel begins with r3 its weights, a line with r1; `word` is log2 of its bytes an output. */
#define BEGIN(way)                               \
    "push    {r4-r11, lr}\n"                     \
    RESERVE                                      \
    "ldr     r1, [r0, #16]\n"                    \
    "ldr     r2, [r1, #36]\n"                    \
    "ldr     r3, [r1, #12]\n"                    \
    "ldr     r1, [r1, #" way "]\n"               \
    KEEP(LINES, "r0")                            \
    KEEP(ZERO_POINT, "r2")                       \
    KEEP(STEP, "r3")                             \
    "mov     r8, #0\n"
#define BEGIN_CHANNEL                            \
    "1:\n" /* r8 channel */                      \
    "ldm     r0, {r1-r5}\n" /* output, lines, weights, starts, shape */ \
    "add     r7, r5, #24\n"                      \
    "ldr     r5, [r5, #8]\n"                     \
    "ldm     r7, {r6, r7, r9}\n" /* channel_step, weight_step, signed_rounding */ \
    "add     r4, r4, r8, lsl #2\n"               \
    "mla     r1, r6, r8, r1\n"                   \
    "add     r2, r2, r8, lsl #2\n"               \
    "mla     r3, r7, r8, r3\n"                   \
    "ldr     r7, [r4, r5]\n"                     \
    "ldr     r5, [r4]\n"                         \
    "ldr     r6, [r0, #24]\n"                    \
    "lsls    r9, r9, r5\n"                       \
    "it      ne\n"                               \
    "asrne   r5, r5, #7\n"                       \
    KEEP(CHANNEL, "r8")                          \
    KEEP(START, "r5")                            \
    KEEP(MULTIPLIER, "r7")                       \
    KEEP(DIVISOR, "r9")
#define BEGIN_LINE(word)                         \
    "2:\n" /* r0 lines, r1 output, r2 line, r6 lines that are left */ \
    KEEP(OUTPUT_LINE, "r1")                      \
    KEEP(OUTPUT, "r1")                           \
    KEEP(LINE, "r2")                             \
    KEEP(COUNT, "r6")                            \
    "ldr     r3, [r0, #20]\n"                    \
    "mov     r1, r2\n"                           \
    "add     r3, r2, r3, lsl #" word "\n"        \
    KEEP(END, "r3")
#define NEXT_LINE_OR_CHANNEL                     \
    RECALL("r6", COUNT)                          \
    RECALL("r0", LINES)                          \
    "subs    r6, #1\n"                           \
    "beq     9f\n"                               \
    RECALL("r1", OUTPUT_LINE)                    \
    RECALL("r2", LINE)                           \
    "ldr     r5, [r0, #16]\n"                    \
    "ldr     r3, [r5, #16]\n"                    \
    "ldr     r4, [r5, #20]\n"                    \
    "add     r1, r3\n"                           \
    "add     r2, r4\n"                           \
    "b       2b\n"                               \
    "9:\n"                                       \
    RECALL("r8", CHANNEL)                        \
    "ldr     r5, [r0, #28]\n"                    \
    "add     r8, r8, #1\n"                       \
    "cmp     r8, r5\n"                           \
    "bne     1b\n"

#define FOUR(operation) operation("r4") operation("r5") operation("r6") operation("r7")
#define ADD_TO_START(sum) "add     " sum ", lr, " sum ", lsl #8\n"
#define ADD_TO_HALF(sum) "add     " sum ", lr, " sum ", lsl #1\n"
#define MULTIPLY_ROUNDED(sum) "smmulr  " sum ", " sum ", r0\n"
#define LOWER_NEGATIVE(sum) "add     " sum ", " sum ", " sum ", asr #31\n"
#define DIVIDE(sum) "smmlar  " sum ", " sum ", r2, r3\n" /* and add the zero point */
#define SATURATE(sum) "ssat    " sum ", #8, " sum "\n"
#define MULTIPLY(sum) "smmul   " sum ", " sum ", r0\n"
#define NARROW(sum) "ssat    " sum ", #8, " sum ", asr #9\n"

/* Requantize and store four sums, or those that are left; then `again`, or the next line. r0 output, r2 step,
 * r3 bytes of the line behind the group, below 0 where it has less than four outputs. */
#define ADD_HALVES RECALL("lr", START) FOUR(ADD_TO_HALF)
#define ADD_STARTS RECALL("lr", START) FOUR(ADD_TO_START)
/* The single rounding of sums that have their starts; it is far away, or near enough for a shorter test. */
#define SINGLE(add_starts) "7:\n" add_starts FOUR(MULTIPLY) FOUR(NARROW) "b       5b\n"
#define FAR_TEST "cmp     r2, #0\nbeq     7f\n"
#define NEAR_TEST "cbz     r2, 7f\n"
#define FINISH(group_bytes, word_bytes, test, again, add_halves, near, far) \
    RECALL("r2", DIVISOR)                        \
    RECALL("r0", MULTIPLIER)                     \
    test                                         \
    RECALL("r3", ZERO_POINT)                     \
    add_halves                                   \
    FOUR(MULTIPLY_ROUNDED)                       \
    FOUR(LOWER_NEGATIVE)                         \
    FOUR(DIVIDE)                                 \
    FOUR(SATURATE)                               \
    "5:\n"                                       \
    RECALL("r3", END)                            \
    RECALL("r0", OUTPUT)                         \
    RECALL("r2", STEP)                           \
    "adds    r1, #" group_bytes "\n"             \
    "subs    r3, r3, r1\n"                       \
    "blt     8f\n"                               \
    "strb    r4, [r0]\n"                         \
    "strb    r5, [r0, r2]\n"                     \
    "add     r0, r0, r2, lsl #1\n"               \
    "strb    r6, [r0]\n"                         \
    "strb    r7, [r0, r2]\n"                     \
    "add     r0, r0, r2, lsl #1\n"               \
    KEEP(OUTPUT, "r0")                           \
    again                                        \
    near                                         \
    "6:\n"                                       \
    NEXT_LINE_OR_CHANNEL                         \
    RELEASE                                      \
    "pop     {r4-r11, pc}\n"                     \
    far                                          \
    "8:\n"                                       \
    "strb    r4, [r0]\n"                         \
    "cmp     r3, #-2*" word_bytes "\n"           \
    "blt     6b\n"                               \
    "strb    r5, [r0, r2]\n"                     \
    "beq     6b\n"                               \
    "add     r0, r0, r2, lsl #1\n"               \
    "strb    r6, [r0]\n"                         \
    "b       6b\n"

/* Begin a sum with a word times weights and a start, or add to it; the same with what lies between two words, which is made of a word
 * and the next one. */
#define EVEN_FROM(sum, word, weights, start) "smlad   " sum ", " word ", " weights ", " start "\n"
#define EVEN(sum, word, weights) "smlad   " sum ", " word ", " weights ", " sum "\n"
#define ODD_FROM(sum, word, weights, start) "smladx  " sum ", " word ", " weights ", " start "\n"
#define ODD(sum, word, weights) "smladx  " sum ", " word ", " weights ", " sum "\n"
#define BETWEEN(word, next) "pkhbt   " word ", " next ", " word "\n"

/* Two weights times r7 become a pair: the scale has what the start is a multiple of. */
#define PAIR(first, second)                      \
    "mul     " first ", " first ", r7\n"         \
    "mul     " second ", " second ", r7\n"       \
    "pkhbt   " first ", " first ", " second ", lsl #16\n"
/* Weights of the last pair: an odd number of taps has none in the high half. */
#define LAST_PAIR(first, second)                 \
    PAIR(first, second)                          \
    RECALL("r4", MASK)                           \
    "ands    " first ", r4\n"

/* r0 r2 r3 lr (and r11 of three pairs) words, r8 - r12 weights, r12 (r7 of five pairs) the start. Two, three and five pairs have code of their own: 20, 30
 * and 50. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_row_s8__arm_dsp(__attribute__((unused)) const struct smelt_depthwise_lines *lines) {
    __asm volatile(
        ".syntax unified\n"
        BEGIN("4") /* r1 taps */
        "ldr     r2, [r0, #16]\n"
        "ldr     r2, [r2, #32]\n"
        "cmp     r2, #0\n"
        "ite     ne\n"
        "movne   r2, #2\n"
        "moveq   r2, #256\n"
        KEEP(SCALE, "r2")
        "lsls    r2, r1, #31\n"
        "ite     mi\n"
        "movwmi  r2, #0xFFFF\n"
        "movpl   r2, #-1\n"
        KEEP(MASK, "r2")
        "adr.w   r2, 20f\n"
        "cmp     r1, #4\n"
        "ble     4f\n"
        "adr.w   r2, 30f\n"
        "cmp     r1, #6\n"
        "ble     4f\n"
        "adr.w   r2, 50f\n"
        "4:\n"
        "orr     r2, r2, #1\n"
        KEEP(WAY, "r2")
        KEEP(TAPS, "r1")
        BEGIN_CHANNEL
        RECALL("lr", TAPS)
        RECALL("r7", SCALE)
        "ldrsb   r8, [r3]\n"
        "ldrsb   r4, [r3, #1]\n"
        "ldrsb   r9, [r3, #2]\n"
        "ldrsb   r5, [r3, #3]\n"
        PAIR("r8", "r4")
        "cmp     lr, #4\n"
        "bgt     4f\n"
        LAST_PAIR("r9", "r5")
        "b       2f\n"
        "4:\n"
        PAIR("r9", "r5")
        "ldrsb   r10, [r3, #4]\n"
        "ldrsb   r5, [r3, #5]\n"
        "cmp     lr, #6\n"
        "bgt     4f\n"
        LAST_PAIR("r10", "r5")
        "b       2f\n"
        "4:\n"
        PAIR("r10", "r5")
        "ldrsb   r11, [r3, #6]\n"
        "ldrsb   r4, [r3, #7]\n"
        "ldrsb   r12, [r3, #8]\n"
        "ldrsb   r5, [r3, #9]\n"
        PAIR("r11", "r4")
        LAST_PAIR("r12", "r5")
        BEGIN_LINE("3")
        RECALL("lr", WAY)
        "bx      lr\n");
    __asm volatile( /* C99 compilers need not take longer strings than these two */
        ".p2align 2\n"
        "50:\n"
        RECALL("r7", START)
        "ldr     r0, [r1]\n"
        "ldr     r2, [r1, #16]\n"
        "ldr     r3, [r1, #32]\n"
        "ldr     lr, [r1, #48]\n"
        EVEN_FROM("r4", "r0", "r8", "r7")
        EVEN_FROM("r6", "r2", "r8", "r7")
        BETWEEN("r0", "r2")
        ODD_FROM("r5", "r0", "r8", "r7")
        EVEN("r4", "r2", "r9")
        BETWEEN("r2", "r3")
        ODD("r7", "r2", "r8")
        ODD("r5", "r2", "r9")
        EVEN("r4", "r3", "r10")
        EVEN("r6", "r3", "r9")
        BETWEEN("r3", "lr")
        ODD("r7", "r3", "r9")
        ODD("r5", "r3", "r10")
        "ldr     r0, [r1, #64]\n"
        "ldr     r2, [r1, #80]\n"
        "ldr     r3, [r1, #96]\n"
        EVEN("r4", "lr", "r11")
        EVEN("r6", "lr", "r10")
        BETWEEN("lr", "r0")
        ODD("r7", "lr", "r10")
        ODD("r5", "lr", "r11")
        EVEN("r4", "r0", "r12")
        EVEN("r6", "r0", "r11")
        BETWEEN("r0", "r2")
        ODD("r7", "r0", "r11")
        ODD("r5", "r0", "r12")
        EVEN("r6", "r2", "r12")
        BETWEEN("r2", "r3")
        ODD("r7", "r2", "r12")
        "b       9f\n"
        ".p2align 2\n"
        "20:\n"
        RECALL("r12", START)
        "ldr     r0, [r1]\n"
        "ldr     r2, [r1, #16]\n"
        "ldr     r3, [r1, #32]\n"
        "ldr     lr, [r1, #48]\n"
        EVEN_FROM("r4", "r0", "r8", "r12")
        EVEN_FROM("r6", "r2", "r8", "r12")
        BETWEEN("r0", "r2")
        ODD_FROM("r5", "r0", "r8", "r12")
        EVEN("r4", "r2", "r9")
        BETWEEN("r2", "r3")
        ODD_FROM("r7", "r2", "r8", "r12")
        ODD("r5", "r2", "r9")
        EVEN("r6", "r3", "r9")
        BETWEEN("r3", "lr")
        ODD("r7", "r3", "r9")
        "b       9f\n"
        ".p2align 2\n"
        "30:\n"
        RECALL("r12", START)
        "ldr     r0, [r1]\n"
        "ldr     r2, [r1, #16]\n"
        "ldr     r3, [r1, #32]\n"
        "ldr     lr, [r1, #48]\n"
        "ldr     r11, [r1, #64]\n"
        EVEN_FROM("r4", "r0", "r8", "r12")
        EVEN_FROM("r6", "r2", "r8", "r12")
        BETWEEN("r0", "r2")
        ODD_FROM("r5", "r0", "r8", "r12")
        EVEN("r4", "r2", "r9")
        BETWEEN("r2", "r3")
        ODD_FROM("r7", "r2", "r8", "r12")
        ODD("r5", "r2", "r9")
        EVEN("r4", "r3", "r10")
        EVEN("r6", "r3", "r9")
        BETWEEN("r3", "lr")
        ODD("r7", "r3", "r9")
        ODD("r5", "r3", "r10")
        EVEN("r6", "lr", "r10")
        BETWEEN("lr", "r11")
        ODD("r7", "lr", "r10")
        "9:\n"
        FINISH("32", "8", NEAR_TEST,
               "beq     6f\n"
               RECALL("lr", WAY)
               "bx      lr\n",
               "", SINGLE(""), ""));
}

/* A group begins: r0 offsets, r2 weights, r3 where the first taps are. */
#define BEGIN_GROUP                              \
    "3:\n"                                       \
    RECALL("r0", WAY)                            \
    RECALL("r2", WEIGHTS)                        \
    "mov     r3, r1\n"                           \
    "movs    r4, #0\n"                           \
    "movs    r5, #0\n"                           \
    "movs    r6, #0\n"                           \
    "movs    r7, #0\n"                           \
    "4:\n"
/* r3 where the next taps are, unless these were the last ones: then it carries. */
#define NEXT_TAPS                                \
    "adds    r3, r3, r1\n"                       \
    "bcc     4b\n"

/* r8 - r11 words, r12 lr weights of two pairs */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_fours_s8__arm_dsp(__attribute__((unused)) const struct smelt_depthwise_lines *lines) {
    __asm volatile(
        ".syntax unified\n"
        BEGIN("0")
        KEEP(WAY, "r1")
        BEGIN_CHANNEL
        KEEP(WEIGHTS, "r3")
        BEGIN_LINE("3")
        BEGIN_GROUP
        "ldr     r12, [r2], #16\n"
        "ldr     lr, [r2], #16\n"
        "ldr     r8, [r3]\n"
        "ldr     r9, [r3, #16]\n"
        "ldr     r10, [r3, #32]\n"
        "ldr     r11, [r3, #48]\n"
        "ldrsh   r3, [r0], #2\n"
        EVEN("r4", "r8", "r12")
        EVEN("r6", "r9", "r12")
        BETWEEN("r8", "r9")
        ODD("r5", "r8", "r12")
        EVEN("r4", "r9", "lr")
        BETWEEN("r9", "r10")
        ODD("r7", "r9", "r12")
        ODD("r5", "r9", "lr")
        EVEN("r6", "r10", "lr")
        BETWEEN("r10", "r11")
        ODD("r7", "r10", "lr")
        NEXT_TAPS
        FINISH("32", "8", FAR_TEST, "bne     3b\n", ADD_HALVES, "", SINGLE(ADD_STARTS)));
}

/* r8 - r11 words, r12 weights of a pair */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_taps_s8__arm_dsp(__attribute__((unused)) const struct smelt_depthwise_lines *lines) {
    __asm volatile(
        ".syntax unified\n"
        BEGIN("0")
        KEEP(WAY, "r1")
        BEGIN_CHANNEL
        KEEP(WEIGHTS, "r3")
        BEGIN_LINE("4")
        BEGIN_GROUP
        "ldr     r12, [r2], #16\n"
        "ldr     r8, [r3]\n"
        "ldr     r9, [r3, #16]\n"
        "ldr     r10, [r3, #32]\n"
        "ldr     r11, [r3, #48]\n"
        "ldrsh   r3, [r0], #2\n"
        EVEN("r4", "r8", "r12")
        EVEN("r5", "r9", "r12")
        EVEN("r6", "r10", "r12")
        EVEN("r7", "r11", "r12")
        NEXT_TAPS
        FINISH("64", "16", FAR_TEST, "bne     3b\n", ADD_HALVES, "", SINGLE(ADD_STARTS)));
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

/* The sum of output `output` of a line of channel `c`. */
typedef int32_t sum_t(const struct smelt_depthwise_lines *lines, const uint32_t *line, int32_t c, int32_t output);

SMELT_CODE_SECTION
static int32_t sum_of_row(const struct smelt_depthwise_lines *lines, const uint32_t *line, int32_t c, int32_t output) {
    const int8_t *const weights = (const int8_t *)lines->weights + c * lines->shape->weight_step;
    int32_t sum = 0;
    for (int32_t k = 0; k < lines->shape->taps; k++) {
        const int32_t position = output + k;
        const uint32_t word = line[position / 2 * SMELT_LINE_CHANNELS + c];
        sum = smelt_smlabb(position % 2 ? word >> 16 : word, (uint32_t)weights[k], sum);
    }
    return sum;
}

SMELT_CODE_SECTION
static int32_t sum_of_fours(const struct smelt_depthwise_lines *lines, const uint32_t *line, int32_t c, int32_t output) {
    const uint32_t *weights = (const uint32_t *)lines->weights + c;
    int32_t sum = 0, offset = 0;
    for (const int16_t *next = lines->shape->offsets; offset >= 0; offset = *next++) {
        for (int32_t k = 0; k < 4; k++) {
            const int32_t position = output + k;
            const uint32_t word = line[offset / 4 + position / 2 * SMELT_LINE_CHANNELS + c];
            const uint32_t pair = weights[k / 2 * SMELT_LINE_CHANNELS];
            sum = smelt_smlabb(position % 2 ? word >> 16 : word, k % 2 ? pair >> 16 : pair, sum);
        }
        weights += 2 * SMELT_LINE_CHANNELS;
    }
    return sum;
}

SMELT_CODE_SECTION
static int32_t sum_of_taps(const struct smelt_depthwise_lines *lines, const uint32_t *line, int32_t c, int32_t output) {
    const uint32_t *weights = (const uint32_t *)lines->weights + c;
    int32_t sum = 0, offset = 0;
    for (const int16_t *next = lines->shape->offsets; offset >= 0; offset = *next++) {
        const uint32_t word = line[offset / 4 + output * SMELT_LINE_CHANNELS + c];
        sum = smelt_smlatt(word, *weights, smelt_smlabb(word, *weights, sum));
        weights += SMELT_LINE_CHANNELS;
    }
    return sum;
}

SMELT_CODE_SECTION
static int8_t requantize(int32_t accumulator, const struct smelt_depthwise_lines *lines, int32_t c) {
    const uint32_t sum = ((uint32_t)accumulator << 8) + lines->starts[c];
    const int32_t multiplier = (int32_t)lines->starts[c + lines->shape->multipliers / 4];
    if (!lines->shape->signed_rounding) {
        return smelt_round_once((int32_t)sum, multiplier);
    }
    const int32_t divisor = (int32_t)(1u << (lines->starts[c] & 31u));
    return smelt_round_twice((int32_t)sum, multiplier, divisor, lines->shape->zero_point);
}

SMELT_CODE_SECTION
static void compute(const struct smelt_depthwise_lines *lines, sum_t *sum_of) {
    for (int32_t c = 0; c < lines->channels; c++) {
        for (int32_t i = 0; i < lines->count; i++) {
            int8_t *const output = lines->output + i * lines->shape->output_line_step + c * lines->shape->channel_step;
            for (int32_t k = 0; k < lines->outputs; k++) {
                const int32_t sum = sum_of(lines, lines->lines + i * lines->shape->line_step / 4, c, k);
                output[k * lines->shape->output_step] = requantize(sum, lines, c);
            }
        }
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_row_s8__arm_dsp(const struct smelt_depthwise_lines *lines) {
    compute(lines, sum_of_row);
}

SMELT_CODE_SECTION
void smelt_depthwise_fours_s8__arm_dsp(const struct smelt_depthwise_lines *lines) {
    compute(lines, sum_of_fours);
}

SMELT_CODE_SECTION
void smelt_depthwise_taps_s8__arm_dsp(const struct smelt_depthwise_lines *lines) {
    compute(lines, sum_of_taps);
}

#endif
