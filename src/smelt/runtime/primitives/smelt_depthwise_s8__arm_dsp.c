/* 3 x 3 taps in six registers of two weights: P = (w0, w1) and Q = (w1, w2) of each row. */
#include "smelt_depthwise_s8__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* In the loops: r0 output, r1 lines, r2 start, r3 end of lines, r4 r6 r8 P and r5 r7 r9 Q of the three rows,
 * r10 r11 input values, then multiplier and step, r12 lr sums of two outputs.
 * Stack: 0 multiplier, 4 step, 8 output, 12 lines, 16 record, 20 line, 24 channels left. */
#define BEGIN                            \
    ".syntax unified\n"                  \
    "push    {r4-r11, lr}\n"             \
    "mov     r4, #4\n"                   \
    "sub     sp, #28\n"                  \
    "str     r4, [sp, #24]\n"            \
    "b       5f\n"
#define NEXT_CHANNEL                     \
    "ldr     r4, [sp, #24]\n"            \
    "ldr     r0, [sp, #8]\n"             \
    "ldr     r1, [sp, #12]\n"            \
    "ldr     r2, [sp, #16]\n"            \
    "ldr     r3, [sp, #20]\n"            \
    "subs    r4, #1\n"                   \
    "beq     6f\n"                       \
    "ldr     r5, [r3, #20]\n"            \
    "str     r4, [sp, #24]\n"            \
    "adds    r0, #1\n"                   \
    "adds    r2, #20\n"                  \
    "add     r1, r1, r5, lsl #2\n"       \
    "5:\n"                               \
    "str     r0, [sp, #8]\n"             \
    "str     r1, [sp, #12]\n"            \
    "str     r2, [sp, #16]\n"            \
    "str     r3, [sp, #20]\n"            \
    "ldm     r3, {r4, r5, r7, r8, r9}\n" /* step, count, places of weights */ \
    "ldr     r7, [r2, r7]\n"             \
    "ldr     r8, [r2, r8]\n"             \
    "ldr     r9, [r2, r9]\n"             \
    "ldr     r10, [r2, #4]\n"            \
    "ldr     r2, [r2]\n"                 \
    "str     r10, [sp]\n"                \
    "str     r4, [sp, #4]\n"             \
    "add     r3, r5, r5, lsl #1\n"       \
    "sxtb16  r4, r7\n"                   \
    "sxtb16  r5, r7, ror #8\n"           \
    "sxtb16  r6, r8\n"                   \
    "sxtb16  r7, r8, ror #8\n"           \
    "sxtb16  r8, r9\n"                   \
    "sxtb16  r9, r9, ror #8\n"
#define END                              \
    "6:\n"                               \
    "add     sp, #28\n"                  \
    "pop     {r4-r11, pc}\n"

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_3x3_line_s8__arm_dsp(__attribute__((unused)) int8_t *output,
                                     __attribute__((unused)) const uint32_t *lines,
                                     __attribute__((unused)) const uint32_t *record,
                                     __attribute__((unused)) const struct smelt_depthwise_line *line) {
    /* Two outputs: x0 x1 x2 and x1 x2 x3 times w0 w1 w2. */
#define ROW(offset, p, q, even, odd)          \
    "ldr     r10, [r1, #" offset "]\n"        \
    "ldr     r11, [r1, #12 + " offset "]\n"   \
    "smlad   r12, r10, " p ", " even "\n"     \
    "smlatb  lr, r10, " p ", " odd "\n"       \
    "smlabt  r12, r11, " q ", r12\n"          \
    "smlad   lr, r11, " q ", lr\n"
    __asm volatile(
        BEGIN
        "4:\n"
        NEXT_CHANNEL
        "add     r3, r1, r3, lsl #1\n" /* 6 bytes of lines an output; an odd last one ends in the middle of 12 */
        "sub     r3, r3, #6\n"
        "cmp     r1, r3\n"
        "bge     2f\n"
        "1:\n"
        ROW("0", "r4", "r5", "r2", "r2")
        ROW("4", "r6", "r7", "r12", "lr")
        ROW("8", "r8", "r9", "r12", "lr")
        "ldr     r10, [sp]\n"
        "ldr     r11, [sp, #4]\n"
        "adds    r1, #12\n"
        "smmul   r12, r12, r10\n"
        "smmul   lr, lr, r10\n"
        "cmp     r1, r3\n"
        "ssat    r12, #8, r12, asr #9\n"
        "ssat    lr, #8, lr, asr #9\n"
        "strb    lr, [r0, r11]\n"
        "strb    r12, [r0]\n"
        "add     r0, r0, r11, lsl #1\n"
        "blt     1b\n"
        "2:\n" /* A last single output: once more with step 0, so that the second is overwritten by the first. */
        "bne     4b\n"
        "mov     r10, #0\n"
        "str     r10, [sp, #4]\n"
        "add     r3, r1, #6\n"
        "b       1b\n"
        END);
#undef ROW
}

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_3x3_line_stride_2_s8__arm_dsp(__attribute__((unused)) int8_t *output,
                                              __attribute__((unused)) const uint32_t *lines,
                                              __attribute__((unused)) const uint32_t *record,
                                              __attribute__((unused)) const struct smelt_depthwise_line *line) {
    /* r5 the last weights of the first two rows, r10 r11 r7 the three rows' input values; r3 end of lines, lr multiplier.
     * The word that ends one output's field begins the next one's. */
    __asm volatile(
        BEGIN
        "4:\n"
        NEXT_CHANNEL
        "ldr     lr, [sp]\n"
        "pkhtb   r5, r7, r5, asr #16\n"
        "add     r3, r1, r3, lsl #2\n" /* 12 bytes of lines an output */
        "ldr     r10, [r1]\n"
        "ldr     r11, [r1, #4]\n"
        "ldr     r7, [r1, #8]\n"
        "1:\n"
        "smlad   r12, r10, r4, r2\n"
        "smlad   r12, r11, r6, r12\n"
        "smlad   r12, r7, r8, r12\n"
        "ldr     r10, [r1, #12]!\n"
        "ldr     r11, [r1, #4]\n"
        "ldr     r7, [r1, #8]\n"
        "smlabb  r12, r10, r5, r12\n"
        "smlabt  r12, r11, r5, r12\n"
        "smlabt  r12, r7, r9, r12\n"
        "cmp     r1, r3\n"
        "smmul   r12, r12, lr\n"
        "ssat    r12, #8, r12, asr #9\n"
        "strb    r12, [r0]\n"
        "ldr     r12, [sp, #4]\n"
        "add     r0, r0, r12\n"
        "bne     1b\n"
        "b       4b\n"
        END);
}

/* r0 lines of the first channel, r4-r6 of the others, r1 first, r2 second, r3 advance, r7 mask, r8-r11 bytes,
 * r12 end of the first channel's, lr bytes of a channel */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_transpose_pairs_s8__arm_dsp(__attribute__((unused)) uint32_t *lines, __attribute__((unused)) const int8_t *first,
                                  __attribute__((unused)) const int8_t *second,
                                  __attribute__((unused)) int32_t advance, __attribute__((unused)) int32_t count,
                                  __attribute__((unused)) int32_t channel_words) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "ldrd    r12, lr, [sp, #36]\n"
        "add     r4, r0, lr, lsl #2\n"
        "add     r5, r4, lr, lsl #2\n"
        "add     r6, r5, lr, lsl #2\n"
        "add     r12, r12, r12, lsl #1\n"
        "add     r12, r0, r12, lsl #2\n"
        "mov     r7, #0xFF00FF00\n"
        "b       2f\n"
        "1:\n"
        "ldr     r8, [r1]\n"
        "ldr     r9, [r2]\n"
        "add     r1, r1, r3\n"
        "add     r2, r2, r3\n"
        "pkhbt   r10, r8, r9, lsl #16\n"
        "pkhtb   r11, r9, r8, asr #16\n"
        "and     r8, r7, r10, lsl #8\n"
        "and     r10, r7, r10\n"
        "and     r9, r7, r11, lsl #8\n"
        "and     r11, r7, r11\n"
        "str     r8, [r0], #12\n"
        "str     r10, [r4], #12\n"
        "str     r9, [r5], #12\n"
        "str     r11, [r6], #12\n"
        "2:\n"
        "cmp     r0, r12\n"
        "bne     1b\n"
        "pop     {r4-r11, pc}\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

SMELT_CODE_SECTION
void smelt_transpose_pairs_s8__arm_dsp(uint32_t *lines, const int8_t *first, const int8_t *second, int32_t advance,
                                       int32_t count, int32_t channel_words) {
    for (; count > 0; count--) {
        for (int32_t c = 0; c < 4; c++) {
            lines[c * channel_words] = ((uint32_t)(uint8_t)first[c] << 8) | ((uint32_t)(uint8_t)second[c] << 24);
        }
        lines += 3;
        first += advance;
        second += advance;
    }
}

SMELT_CODE_SECTION
static uint32_t tap(const uint32_t *lines, int32_t row, int32_t position) {
    const uint32_t word = lines[position / 2 * 3 + row];
    return position % 2 ? word >> 16 : word;
}

SMELT_CODE_SECTION
static void compute_channel(int8_t *output, const uint32_t *lines, const uint32_t *record,
                            const struct smelt_depthwise_line *line, int32_t stride) {
    for (int32_t i = 0; i < line->count; i++) {
        int32_t sum = (int32_t)record[0];
        for (int32_t row = 0; row < 3; row++) {
            const uint32_t weights = record[line->weights[row] / 4];
            const uint32_t first = smelt_sxtb16(weights), last = smelt_sxtb16_ror8(weights);
            sum = smelt_smlabb(tap(lines, row, i * stride), first, sum);
            sum = smelt_smlabb(tap(lines, row, i * stride + 1), first >> 16, sum);
            sum = smelt_smlabb(tap(lines, row, i * stride + 2), last >> 16, sum);
        }
        output[i * line->step] = smelt_round_once(sum, (int32_t)record[1]);
    }
}

SMELT_CODE_SECTION
static void compute_line(int8_t *output, const uint32_t *lines, const uint32_t *records,
                         const struct smelt_depthwise_line *line, int32_t stride) {
    for (int32_t c = 0; c < 4; c++) {
        compute_channel(output + c, lines + c * line->channel_words, records + 5 * c, line, stride);
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_3x3_line_s8__arm_dsp(int8_t *output, const uint32_t *lines, const uint32_t *records,
                                          const struct smelt_depthwise_line *line) {
    compute_line(output, lines, records, line, 1);
}

SMELT_CODE_SECTION
void smelt_depthwise_3x3_line_stride_2_s8__arm_dsp(int8_t *output, const uint32_t *lines, const uint32_t *records,
                                                   const struct smelt_depthwise_line *line) {
    compute_line(output, lines, records, line, 2);
}

#endif
