/* Three rows of inputs become words of columns for four channels; then each of these is computed, 3 x 3 taps in five
 * registers of two weights: one for each column of the upper two rows, two for the neighbours of the lowest row. */
#include "smelt_depthwise_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads the members at these places. */
typedef char columns_layout_is_known[offsetof(struct smelt_depthwise_columns, moves) == 12 &&
                                             offsetof(struct smelt_depthwise_columns, steps) == 24 &&
                                             offsetof(struct smelt_depthwise_columns, pads) == 48 &&
                                             offsetof(struct smelt_depthwise_columns, output) == 52 &&
                                             offsetof(struct smelt_depthwise_columns, odd) == 76
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
#define RESERVE "sub     sp, #48\n"
#define RELEASE "add     sp, #48\n"
#endif
#define MULTIPLIER "0"
#define START "1"
#define STEP "2"
#define END "3"
#define EXTENT "4"
#define ODD "5"
#define OUTPUT "6"
#define WORDS "7"
#define RECORD "8"
#define LAST "9"
#define RECORDS_END "10"
#define COLUMNS "11"

/* r6 r7 the upper rows of two columns, r8 the lowest row of both; r1 there, then at the next two. */
#define NEXT_COLUMNS                             \
    "ldr     r7, [r1, #4]\n"                     \
    "ldr     r8, [r1, #8]\n"                     \
    "ldr     r6, [r1], #48\n"

/* The words of four channels, at `at` from r0, of the values in r9 and r10. r7 mask. */
#define STORE_PAIRS(at)                          \
    "pkhbt   r11, r9, r10, lsl #16\n"            \
    "pkhtb   r12, r10, r9, asr #16\n"            \
    "and     r9, r7, r11, lsl #8\n"              \
    "ands    r11, r7\n"                          \
    "and     r10, r7, r12, lsl #8\n"             \
    "ands    r12, r7\n"                          \
    "str     r9, [r0, #" at "]\n"                \
    "str     r11, [r0, #12+" at "]\n"            \
    "str     r10, [r0, #24+" at "]\n"            \
    "str     r12, [r0, #36+" at "]\n"

/* While four channels are expanded: r0 words, r1 r2 r3 inputs of the three rows, r4 r5 r6 their steps, r7 mask, r8 end of
 * pairs, and 1 if there is a tail, lr pads. While a channel is computed: r0 output, r1 words, r2 r3 sums of the next two
 * outputs, r4 r5 those behind them, r6 r7 r8 see above, r9 r10 r11 upper weights of the left, the middle and the right
 * column, r12 (left, middle) and lr (middle, right) of the lowest row. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_depthwise_columns_s8__arm_dsp(__attribute__((unused)) struct smelt_depthwise_columns *columns) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        RESERVE
        KEEP(COLUMNS, "r0")
        "adds    r0, #52\n"
        "ldm     r0, {r1-r7}\n" /* output, words, records, their end, output step, extent, odd */
        "adds    r2, #48\n"
        KEEP(OUTPUT, "r1")
        KEEP(LAST, "r2")
        KEEP(RECORD, "r3")
        KEEP(RECORDS_END, "r4")
        KEEP(STEP, "r5")
        KEEP(EXTENT, "r6")
        KEEP(ODD, "r7")
        "0:\n" /* four channels */
        RECALL("r0", COLUMNS)
        "ldm     r0, {r1-r6}\n" /* inputs, moves */
        "add     r4, r1\n"
        "add     r5, r2\n"
        "add     r6, r3\n"
        "stm     r0, {r4-r6}\n"
        "adds    r0, #24\n"
        "ldm     r0, {r4-r6, r8-r10, lr}\n" /* steps, extent, head, words, pads */
        "mov     r0, r10\n"
        "mov     r7, #0xFF00FF00\n"
        "add     r8, r0\n"
        "cmp     r9, #0\n"
        "beq     11f\n"
        "ldr     r9, [r1]\n"
        "ldr     r10, [r2]\n"
        STORE_PAIRS("4")
        "mov     r9, lr\n"
        "ldr     r10, [r3]\n"
        STORE_PAIRS("8")
        "add     r1, r4\n"
        "add     r2, r5\n"
        "add     r3, r6\n"
        "adds    r0, #48\n"
        "11:\n"
        "sub     r9, r8, r0\n"
        "cmp     r9, #1\n"
        "bls     13f\n"
        "12:\n"
        "ldr     r9, [r1]\n"
        "ldr     r10, [r2]\n"
        STORE_PAIRS("0")
        "ldr     r9, [r1, r4]\n"
        "ldr     r10, [r2, r5]\n"
        "add     r1, r1, r4, lsl #1\n"
        "add     r2, r2, r5, lsl #1\n"
        STORE_PAIRS("4")
        "ldr     r9, [r3]\n"
        "ldr     r10, [r3, r6]\n"
        "add     r3, r3, r6, lsl #1\n"
        STORE_PAIRS("8")
        "adds    r0, #48\n"
        "sub     r9, r8, r0\n"
        "cmp     r9, #1\n"
        "bhi     12b\n"
        "13:\n"
        "bne     14f\n"
        "ldr     r9, [r1]\n"
        "ldr     r10, [r2]\n"
        STORE_PAIRS("0")
        "ldr     r9, [r3]\n"
        "mov     r10, lr\n"
        STORE_PAIRS("8")
        "14:\n");
    __asm volatile( /* C99 compilers need not take longer strings than these two */
        RECALL("r0", OUTPUT)
        RECALL("r1", LAST)
        RECALL("r2", RECORD)
        "subs    r1, #48\n"
        "1:\n" /* a channel: r0 output, r1 words, r2 record */
        "ldm     r2!, {r4-r8}\n"
        KEEP(OUTPUT, "r0")
        KEEP(WORDS, "r1")
        KEEP(RECORD, "r2")
        RECALL("r3", EXTENT)
        "sxtb16  r9, r4\n"
        "sxtb16  r10, r4, ror #8\n"
        "add     r3, r1\n"
        "sxtb16  r11, r6\n"
        "sxtb16  r12, r6, ror #8\n"
        "sxtb16  lr, r7\n"
        KEEP(START, "r5")
        KEEP(MULTIPLIER, "r8")
        KEEP(END, "r3")
        NEXT_COLUMNS
        "smlad   r2, r6, r9, r5\n"
        "smlad   r3, r7, r9, r5\n"
        "smlad   r2, r7, r10, r2\n"
        "smlatb  r3, r8, r12, r3\n"
        "smlad   r2, r8, r12, r2\n"
        RECALL("r5", END)
        "cmp     r1, r5\n"
        "beq     3f\n"
        "2:\n"
        NEXT_COLUMNS
        RECALL("r5", START)
        "smlad   r2, r6, r11, r2\n"
        "smlad   r3, r6, r10, r3\n"
        "smlad   r4, r6, r9, r5\n"
        RECALL("r6", MULTIPLIER)
        "smlabt  r2, r8, lr, r2\n"
        "smlad   r3, r7, r11, r3\n"
        "smlad   r4, r7, r10, r4\n"
        "smlad   r5, r7, r9, r5\n"
        RECALL("r7", STEP)
        "smlad   r3, r8, lr, r3\n"
        "smmul   r2, r2, r6\n"
        "smmul   r3, r3, r6\n"
        "ssat    r2, #8, r2, asr #9\n"
        "ssat    r3, #8, r3, asr #9\n"
        "strb    r2, [r0]\n"
        "strb    r3, [r0, r7]\n"
        "add     r0, r0, r7, lsl #1\n"
        "smlad   r2, r8, r12, r4\n"
        "smlatb  r3, r8, r12, r5\n"
        RECALL("r6", END)
        "cmp     r1, r6\n"
        "bne     2b\n"
        "3:\n"
        RECALL("r4", ODD)
        "cbz     r4, 4f\n"
        "ldr     r6, [r1]\n" /* a last output by itself */
        "ldr     r8, [r1, #8]\n"
        RECALL("r7", MULTIPLIER)
        "smlad   r2, r6, r11, r2\n"
        "smlabt  r2, r8, lr, r2\n"
        "smmul   r2, r2, r7\n"
        "ssat    r2, #8, r2, asr #9\n"
        "strb    r2, [r0]\n"
        "4:\n"
        RECALL("r0", OUTPUT)
        RECALL("r1", WORDS)
        RECALL("r2", RECORD)
        RECALL("r3", LAST)
        "adds    r0, #1\n"
        "adds    r1, #12\n"
        "cmp     r1, r3\n"
        "bne     1b\n"
        RECALL("r3", RECORDS_END)
        KEEP(OUTPUT, "r0")
        "cmp     r2, r3\n"
        "bne     0b\n"
        RELEASE
        "pop     {r4-r11, pc}\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_bytes__arm_dsp.h"

/* The sum of the output whose field begins `column` columns from the words. */
SMELT_CODE_SECTION
static int32_t sum_of_field(const uint32_t *words, const uint32_t *record, int32_t column) {
    const uint32_t upper[3] = {smelt_sxtb16(record[0]), smelt_sxtb16_ror8(record[0]), smelt_sxtb16(record[2])};
    const uint32_t left = smelt_sxtb16_ror8(record[2]), right = smelt_sxtb16(record[3]) >> 16;
    const uint32_t lowest[3] = {left, left >> 16, right};
    int32_t sum = (int32_t)record[1];
    for (int32_t k = 0; k < 3; k++) {
        const uint32_t *const two = words + (column + k) / 2 * SMELT_LINE_WORDS;
        const int32_t second = (column + k) % 2;
        sum = smelt_smlad(two[second], upper[k], sum);
        sum = smelt_smlabb(second ? two[2] >> 16 : two[2], lowest[k], sum);
    }
    return sum;
}

/* The words of four channels' pairs of values. */
SMELT_CODE_SECTION
static void put_pairs(uint32_t *to, uint32_t low, uint32_t high) {
    const uint32_t upper = (low & 0xFFFFu) | high << 16, lower = low >> 16 | (high & 0xFFFF0000u);
    to[0] = smelt_even_bytes(upper);
    to[3] = smelt_odd_bytes(upper);
    to[6] = smelt_even_bytes(lower);
    to[9] = smelt_odd_bytes(lower);
}

SMELT_CODE_SECTION
static void expand(const struct smelt_depthwise_columns *columns) {
    const int32_t extent = columns->input_extent, head = columns->head;
    const int32_t end = 2 * (extent / SMELT_LINE_BYTES) + (extent & SMELT_LINE_ODD);
    uint32_t lowest = columns->pads;
    for (int32_t column = head; column < end; column++) {
        uint32_t *const to = columns->input_words + column / 2 * SMELT_LINE_WORDS;
        uint32_t values[3];
        for (int32_t k = 0; k < 3; k++) {
            values[k] = smelt_load_word(columns->inputs[k] + (column - head) * columns->steps[k]);
        }
        put_pairs(to + column % 2, values[0], values[1]);
        if (column % 2) {
            put_pairs(to + 2, lowest, values[2]);
        } else {
            put_pairs(to + 2, values[2], columns->pads);
        }
        lowest = values[2];
    }
}

SMELT_CODE_SECTION
void smelt_depthwise_columns_s8__arm_dsp(struct smelt_depthwise_columns *columns) {
    const int32_t count = 2 * (columns->output_extent / SMELT_LINE_BYTES - 1) + columns->odd;
    int8_t *output = columns->output;
    for (const uint32_t *record = columns->records; record < columns->records_end;) {
        expand(columns);
        for (int32_t c = 0; c < 4; c++, output++, record += SMELT_COLUMNS_RECORD) {
            for (int32_t i = 0; i < count; i++) {
                const int32_t sum = sum_of_field(columns->words + 3 * c, record, i);
                output[i * columns->output_step] = smelt_round_once(sum, (int32_t)record[4]);
            }
        }
        for (int32_t k = 0; k < 3; k++) {
            columns->inputs[k] += columns->moves[k];
        }
    }
}

#endif
