#include "smelt_natural_s8.h"

#include <stddef.h>

#include "smelt_bytes__arm_dsp.h"
#include "smelt_requantize.h"

static inline uint32_t halves(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16;
}

SMELT_CODE_SECTION
uint32_t *smelt_widen_s8(uint32_t *to, const int8_t *from, int32_t count, int32_t zero_point) {
    const uint32_t offset = halves(-zero_point, -zero_point);
    for (; count >= 4; count -= 4) {
        const uint32_t word = smelt_load_word(from);
        to[0] = smelt_sxtab16(offset, word);
        to[1] = smelt_sxtab16_ror8(offset, word);
        to += 2;
        from += 4;
    }
    for (; count > 0; count--) {
        *to++ = halves(*from++ - zero_point, 0);
    }
    return to;
}

SMELT_CODE_SECTION
uint32_t *smelt_widen_pair_s8(uint32_t *to, const int8_t *first, const int8_t *second, int32_t count,
                              int32_t zero_point) {
    const uint32_t offset = halves(-zero_point, -zero_point);
    for (; count >= 8; count -= 8) {
        const uint32_t word_0 = smelt_load_word(first), word_1 = smelt_load_word(second);
        const uint32_t word_2 = smelt_load_word(first + 4), word_3 = smelt_load_word(second + 4);
        to[0] = smelt_sxtab16(offset, word_0);
        to[1] = smelt_sxtab16(offset, word_1);
        to[2] = smelt_sxtab16_ror8(offset, word_0);
        to[3] = smelt_sxtab16_ror8(offset, word_1);
        to[4] = smelt_sxtab16(offset, word_2);
        to[5] = smelt_sxtab16(offset, word_3);
        to[6] = smelt_sxtab16_ror8(offset, word_2);
        to[7] = smelt_sxtab16_ror8(offset, word_3);
        to += 8;
        first += 8;
        second += 8;
    }
    for (; count >= 4; count -= 4) {
        const uint32_t word_0 = smelt_load_word(first), word_1 = smelt_load_word(second);
        to[0] = smelt_sxtab16(offset, word_0);
        to[1] = smelt_sxtab16(offset, word_1);
        to[2] = smelt_sxtab16_ror8(offset, word_0);
        to[3] = smelt_sxtab16_ror8(offset, word_1);
        to += 4;
        first += 4;
        second += 4;
    }
    for (; count > 0; count--) {
        *to++ = halves(*first++ - zero_point, *second++ - zero_point);
    }
    return to;
}

/* The product of a row of weights with vector `which` of `vectors`. */
SMELT_CODE_SECTION
static int32_t dot(const uint32_t *wide, int32_t vectors, int32_t which, const int8_t *row, int32_t depth) {
    uint32_t sum = 0;
    for (; depth >= 4; depth -= 4) {
        const uint32_t even = wide[which], odd = wide[vectors + which];
        sum += (uint32_t)((int16_t)(even & 0xFFFFu) * row[0] + (int16_t)(odd & 0xFFFFu) * row[1]);
        sum += (uint32_t)((int16_t)(even >> 16) * row[2] + (int16_t)(odd >> 16) * row[3]);
        wide += 2 * vectors;
        row += 4;
    }
    for (; depth > 0; depth--) {
        sum += (uint32_t)((int16_t)(*wide++ >> 16 * which & 0xFFFFu) * *row++);
    }
    return (int32_t)sum;
}

SMELT_CODE_SECTION
static int32_t requantize(const struct smelt_natural_s8 *natural, int32_t value, const int32_t *scale) {
    if (natural->fast) {
        const int32_t product = smelt_smmulr((int32_t)((uint32_t)value << 1), scale[0]);
        return smelt_smmulr((product >> 31) + product * 4, scale[1]);
    }
    return smelt_requantize(value, scale[0], scale[1]);
}

/* All channels of one or two vectors. */
SMELT_CODE_SECTION
static void any_channels(int8_t *output, int32_t step, const uint32_t *wide, int32_t vectors,
                         const struct smelt_natural_s8 *natural) {
    const int32_t outputs = vectors > 1 && step == 0 ? 1 : vectors;
    for (int32_t channel = 0; channel < natural->channels; channel++) {
        const int32_t *const scale = natural->scales + channel * natural->scale_step;
        const int32_t bias = natural->bias != NULL ? natural->bias[channel] : 0;
        for (int32_t which = 0; which < outputs; which++) {
            const int32_t sum = dot(wide, vectors, which, natural->weights + channel * natural->depth, natural->depth);
            const int32_t value = (int32_t)((uint32_t)sum + (uint32_t)bias);
            output[which * step + channel] = (int8_t)smelt_clamp(
                requantize(natural, value, scale) + natural->zero_point, natural->low, natural->high);
        }
    }
}

#if defined(__ARM_FEATURE_DSP)

/* Where the assembly finds things. */
typedef char layout_is_known[offsetof(struct smelt_natural_s8, bias) == 4 &&
                                     offsetof(struct smelt_natural_s8, scale_step) == 12 &&
                                     offsetof(struct smelt_natural_s8, depth) == 16 &&
                                     offsetof(struct smelt_natural_s8, zero_point) == 24 &&
                                     offsetof(struct smelt_natural_s8, fast) == 36
                                 ? 1
                                 : -1];

/* sum * mantissa / 2^31, then divided by 2^-shift: a quarter less of what is negative turns ties away from zero, and
 * leaves what is not divided alone. `factor` becomes 2^(30 + shift). */
#define REQUANTIZE(sum, mantissa, factor, spare, zero_point)               \
    "lsl     " sum ", " sum ", #1\n"                                       \
    "smmulr  " sum ", " sum ", " mantissa "\n"                             \
    "asr     " spare ", " sum ", #31\n"                                    \
    "add     " sum ", " spare ", " sum ", lsl #2\n"                        \
    "smmlar  " sum ", " sum ", " factor ", " zero_point "\n"               \
    "ssat    " sum ", #8, " sum "\n"

/* 16 products in 19 cycles. */
#define FOUR_VALUES                     \
    "ldr     r3, [r0], #16\n"           \
    "ldr     r4, [r0, #-12]\n"          \
    "ldr     r5, [r0, #-8]\n"           \
    "ldr     r6, [r0, #-4]\n"           \
    "ldr     r7, [r1], #4\n"            \
    "ldr     r8, [r2], #4\n"            \
    "sxtb16  r9, r7\n"                  \
    "sxtb16  r7, r7, ror #8\n"          \
    "smlad   r10, r9, r3, r10\n"        \
    "smlad   r11, r9, r4, r11\n"        \
    "sxtb16  r9, r8\n"                  \
    "smlad   r10, r7, r5, r10\n"        \
    "smlad   r11, r7, r6, r11\n"        \
    "sxtb16  r8, r8, ror #8\n"          \
    "smlad   r12, r9, r3, r12\n"        \
    "smlad   lr, r9, r4, lr\n"          \
    "smlad   r12, r8, r5, r12\n"        \
    "smlad   lr, r8, r6, lr\n"

/* Two channels of two vectors at a time; where channels are odd the last two overlap those before.
 * r0 wide values, r1 r2 rows of weights, r3-r6 values, r7-r9 weights, r10 r11 sums of the first channel of both vectors,
 * r12 lr those of the second.
 * Stack: 0 output, 4 step, 8 the last output, 12 zero point, 16 bias, 20 scales, 24 wide, 28 ends of fours by eight, 32
 * of fours, 36 of all, 40 depth,
 * 44 of fours by eight or, where zero rows are looked for, wide. */
SMELT_CODE_SECTION
static void __attribute__((naked, noinline))
two_by_two(__attribute__((unused)) int8_t *output, __attribute__((unused)) int32_t step,
           __attribute__((unused)) const uint32_t *wide, __attribute__((unused)) const struct smelt_natural_s8 *natural) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #52\n"
        "ldr     r12, [r3, #36]\n"
        "ldm     r3, {r3, r4, r5, r6, r7, r8, r9}\n" /* weights, bias, scales, step, depth, channels, zero point */
        "bic     r10, r7, #31\n"
        "add     r10, r2, r10, lsl #2\n"
        "cmp     r12, #1\n" /* where rows are zero they are looked for */
        "ite     eq\n"
        "streq   r10, [sp, #44]\n"
        "strne   r2, [sp, #44]\n"
        "bic     r11, r7, #3\n"
        "add     r11, r2, r11, lsl #2\n"
        "add     r12, r2, r7, lsl #2\n"
        "strd    r0, r1, [sp]\n"
        "add     r8, r0\n"
        "subs    r8, #1\n"
        "strd    r8, r9, [sp, #8]\n"
        "strd    r4, r5, [sp, #16]\n"
        "strd    r2, r10, [sp, #24]\n"
        "strd    r11, r12, [sp, #32]\n"
        "str     r7, [sp, #40]\n"
        "mov     r1, r3\n"
        "add     r2, r1, r7\n"
        "1:\n" /* two channels */
        "ldr     r3, [sp, #16]\n"
        "ldr     r0, [sp, #24]\n"
        "ldr     r9, [sp, #44]\n"
        "ldr     r10, [r3], #4\n"
        "ldr     r12, [r3], #4\n"
        "str     r3, [sp, #16]\n"
        "mov     r11, r10\n"
        "mov     lr, r12\n"
        "cmp     r0, r9\n"
        "beq     8f\n"
        "4:\n"
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        FOUR_VALUES
        "ldr     r9, [sp, #28]\n"
        "cmp     r0, r9\n"
        "bne     4b\n"
        "ldr     r9, [sp, #36]\n"
        "cmp     r0, r9\n"
        "bne     7f\n"
        "6:\n"
        "ldr     r9, [sp, #20]\n"
        "ldr     r7, [sp, #12]\n"
        "ldm     r9!, {r3-r6}\n"
        "str     r9, [sp, #20]\n"
        REQUANTIZE("r10", "r3", "r4", "r8", "r7")
        REQUANTIZE("r11", "r3", "r4", "r8", "r7")
        REQUANTIZE("r12", "r5", "r6", "r8", "r7")
        REQUANTIZE("lr", "r5", "r6", "r8", "r7")
        "ldm     sp, {r0, r3, r4}\n"
        "ldr     r5, [sp, #40]\n"
        "add     r3, r0\n"
        "mov     r1, r2\n"
        "strb    r11, [r3]\n" /* first, since both may go to one place */
        "strb    lr, [r3, #1]\n"
        "strb    r10, [r0], #1\n"
        "strb    r12, [r0], #1\n"
        "str     r0, [sp]\n"
        "add     r2, r2, r5\n"
        "cmp     r4, r0\n"
        "bgt     1b\n"
        "bne     11f\n"
        "subs    r0, #1\n" /* one channel back */
        "sub     r1, r5\n"
        "sub     r2, r5\n"
        "ldr     r3, [sp, #16]\n"
        "subs    r3, #4\n"
        "sub     r9, #8\n"
        "str     r0, [sp]\n"
        "str     r3, [sp, #16]\n"
        "str     r9, [sp, #20]\n"
        "b       1b\n"
        "11:\n"
        "add     sp, #52\n"
        "pop     {r4-r11, pc}\n"
        "8:\n" /* the last fours, or zero rows */
        "ldr     r9, [sp, #20]\n"
        "ldr     r3, [r9, #4]\n"
        "ldr     r4, [r9, #12]\n"
        "ands    r3, r4\n"
        "lsls    r3, r3, #31\n"
        "bmi     10f\n"
        "ldr     r9, [sp, #28]\n"
        "cmp     r0, r9\n"
        "bne     4b\n"
        "7:\n"
        "ldr     r9, [sp, #32]\n"
        "cmp     r0, r9\n"
        "beq     9f\n"
        "2:\n"
        FOUR_VALUES
        "ldr     r9, [sp, #32]\n"
        "cmp     r0, r9\n"
        "bne     2b\n"
        "9:\n" /* the last one to three values */
        "ldr     r9, [sp, #36]\n"
        "cmp     r0, r9\n"
        "beq     6b\n"
        "3:\n"
        "ldr     r3, [r0], #4\n"
        "ldrsb   r7, [r1], #1\n"
        "ldrsb   r8, [r2], #1\n"
        "smlabb  r10, r7, r3, r10\n"
        "smlabt  r11, r7, r3, r11\n"
        "smlabb  r12, r8, r3, r12\n"
        "smlabt  lr, r8, r3, lr\n"
        "cmp     r0, r9\n"
        "bne     3b\n"
        "b       6b\n"
        "10:\n" /* both rows are zero */
        "ldr     r5, [sp, #40]\n"
        "add     r1, r5\n"
        "add     r2, r5\n"
        "b       6b\n");
}

/* 16 products in 24 cycles. */
#define FOUR_ROWS                           \
    "ldr     r4, [r0], #8\n"                \
    "ldr     r5, [r0, #-4]\n"               \
    "ldr     r6, [r1, r2]\n"                \
    "ldr     r7, [r1, r2, lsl #1]\n"        \
    "sxtb16  r8, r6\n"                      \
    "sxtb16  r6, r6, ror #8\n"              \
    "smlad   r10, r8, r4, r10\n"            \
    "sxtb16  r8, r7\n"                      \
    "smlad   r10, r6, r5, r10\n"            \
    "sxtb16  r7, r7, ror #8\n"              \
    "smlad   r11, r8, r4, r11\n"            \
    "smlad   r11, r7, r5, r11\n"            \
    "ldr     r7, [r1, r3]\n"                \
    "ldr     r6, [r1], #4\n"                \
    "sxtb16  r8, r7\n"                      \
    "sxtb16  r7, r7, ror #8\n"              \
    "smlad   r12, r8, r4, r12\n"            \
    "sxtb16  r8, r6\n"                      \
    "smlad   r12, r7, r5, r12\n"            \
    "sxtb16  r6, r6, ror #8\n"              \
    "smlad   r9, r8, r4, r9\n"              \
    "smlad   r9, r6, r5, r9\n"

/* Four channels of one vector at a time; the last ones overlap those before. One scale.
 * r0 wide values, r1 the first row, r2 depth, r3 three times that, r4 r5 values, r6-r8 weights, r9-r12 sums, lr end.
 * Stack: 0 output, 4 wide, 8 ends of single fours, 12 of fours by eight, 16 of all, 20 bias, 24 channels left, 28 mantissa,
 * 32 factor, 36 zero point. */
SMELT_CODE_SECTION
static void __attribute__((naked, noinline))
four_rows(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *wide,
          __attribute__((unused)) const struct smelt_natural_s8 *natural) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #44\n"
        "strd    r0, r1, [sp]\n"
        "ldm     r2, {r3, r4, r5, r6, r7, r8, r9}\n" /* weights, bias, scales, step, depth, channels, zero point */
        "ubfx    r10, r7, #2, #3\n"
        "add     r10, r1, r10, lsl #3\n"
        "lsr     r11, r7, #2\n"
        "add     r11, r1, r11, lsl #3\n"
        "and     r12, r7, #3\n"
        "add     r12, r11, r12, lsl #2\n"
        "str     r10, [sp, #8]\n"
        "str     r11, [sp, #12]\n"
        "str     r12, [sp, #16]\n"
        "str     r4, [sp, #20]\n"
        "str     r8, [sp, #24]\n"
        "ldrd    r10, r11, [r5]\n"
        "str     r10, [sp, #28]\n"
        "str     r11, [sp, #32]\n"
        "str     r9, [sp, #36]\n"
        "mov     r0, r1\n"
        "mov     r1, r3\n"
        "mov     r2, r7\n"
        "add     r3, r7, r7, lsl #1\n"
        "1:\n" /* four channels */
        "ldr     r8, [sp, #20]\n"
        "ldr     lr, [sp, #8]\n"
        "ldm     r8!, {r9-r12}\n"
        "str     r8, [sp, #20]\n"
        "cmp     r0, lr\n"
        "beq     3f\n"
        "2:\n"
        FOUR_ROWS
        "cmp     r0, lr\n"
        "bne     2b\n"
        "3:\n"
        "ldr     lr, [sp, #12]\n"
        "cmp     r0, lr\n"
        "beq     5f\n"
        "4:\n"
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        FOUR_ROWS
        "cmp     r0, lr\n"
        "bne     4b\n"
        "5:\n"
        "ldr     lr, [sp, #16]\n"
        "6:\n" /* the last one to three values */
        "cmp     r0, lr\n"
        "beq     7f\n"
        "ldr     r4, [r0], #4\n"
        "ldrsb   r5, [r1, r2]\n"
        "ldrsb   r6, [r1, r2, lsl #1]\n"
        "ldrsb   r7, [r1, r3]\n"
        "ldrsb   r8, [r1], #1\n"
        "smlabb  r10, r5, r4, r10\n"
        "smlabb  r11, r6, r4, r11\n"
        "smlabb  r12, r7, r4, r12\n"
        "smlabb  r9, r8, r4, r9\n"
        "b       6b\n"
        "7:\n"
        "ldr     r4, [sp, #28]\n"
        "ldr     r5, [sp, #32]\n"
        "ldr     r6, [sp, #36]\n"
        "ldr     r8, [sp]\n"
        REQUANTIZE("r9", "r4", "r5", "r7", "r6")
        REQUANTIZE("r10", "r4", "r5", "r7", "r6")
        REQUANTIZE("r11", "r4", "r5", "r7", "r6")
        REQUANTIZE("r12", "r4", "r5", "r7", "r6")
        "strb    r9, [r8], #1\n"
        "strb    r10, [r8], #1\n"
        "strb    r11, [r8], #1\n"
        "strb    r12, [r8], #1\n"
        "ldr     r0, [sp, #4]\n"
        "ldr     r4, [sp, #24]\n"
        "add     r1, r1, r3\n"
        "subs    r4, #4\n"
        "beq     9f\n"
        "cmp     r4, #4\n"
        "bge     8f\n"
        "rsb     r5, r4, #4\n" /* channels back */
        "movs    r4, #4\n"
        "sub     r8, r5\n"
        "mls     r1, r5, r2, r1\n"
        "ldr     r6, [sp, #20]\n"
        "sub     r6, r6, r5, lsl #2\n"
        "str     r6, [sp, #20]\n"
        "8:\n"
        "str     r4, [sp, #24]\n"
        "str     r8, [sp]\n"
        "b       1b\n"
        "9:\n"
        "add     sp, #44\n"
        "pop     {r4-r11, pc}\n");
}

SMELT_CODE_SECTION
void smelt_natural_one_s8(int8_t *output, const uint32_t *wide, const struct smelt_natural_s8 *natural) {
    if (natural->fast && natural->channels >= 4 && natural->scale_step == 0) {
        four_rows(output, wide, natural);
    } else {
        any_channels(output, 0, wide, 1, natural);
    }
}

SMELT_CODE_SECTION
void smelt_natural_two_s8(int8_t *output, int32_t step, const uint32_t *wide, const struct smelt_natural_s8 *natural) {
    if (natural->fast && natural->channels >= 2) {
        two_by_two(output, step, wide, natural);
    } else {
        any_channels(output, step, wide, 2, natural);
    }
}

#else

SMELT_CODE_SECTION
void smelt_natural_one_s8(int8_t *output, const uint32_t *wide, const struct smelt_natural_s8 *natural) {
    any_channels(output, 0, wide, 1, natural);
}

SMELT_CODE_SECTION
void smelt_natural_two_s8(int8_t *output, int32_t step, const uint32_t *wide, const struct smelt_natural_s8 *natural) {
    any_channels(output, step, wide, 2, natural);
}

#endif
