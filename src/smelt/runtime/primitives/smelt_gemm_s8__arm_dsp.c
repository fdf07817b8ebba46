/* Two pixels times four channels at a time; see the header for the order of weights. */
#include "smelt_gemm_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

#include "smelt_gemm_two__arm_dsp.h"

/* The assembly reads these members at these places, and has the shift as an immediate. */
typedef char layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 &&
                                     offsetof(struct smelt_gemm_s8__arm_dsp, depth) == 4 &&
                                     offsetof(struct smelt_gemm_s8__arm_dsp, channels) == 6 &&
                                     offsetof(struct smelt_gemm_s8__arm_dsp, signed_rounding) == 8 &&
                                     offsetof(struct smelt_gemm_s8__arm_dsp, zero_point) == 9 &&
                                     SMELT_GEMM_SHIFT == 9 && offsetof(struct smelt_fields_s8, columns) == 0 &&
                                     offsetof(struct smelt_fields_s8, offsets) == 8 &&
                                     offsetof(struct smelt_fields_s8, count) == 16 &&
                                     offsetof(struct smelt_fields_s8, rest) == 20 &&
                                     offsetof(struct smelt_fields_s8, words) == 24 &&
                                     offsetof(struct smelt_fields_s8, rests) == 28 &&
                                     offsetof(struct smelt_fields_s8, pairs) == 32 &&
                                     offsetof(struct smelt_fields_s8, column_step) == 36 &&
                                     offsetof(struct smelt_fields_s8, output_step) == 40
                                 ? 1
                                 : -1];

/* Expand the fields of two pixels, multiply them with all channels in blocks of four, then in blocks of two; so for all
 * pairs of pixels.
 *
 * Expanding: r0 pairs, r1 r2 columns, r3 r4 offsets, r5 runs left, r6 r7 values of both pixels, r8 r9 four of each,
 *   r10 expanded, r11 rests, r12 rest of a run, lr words or values left
 * Blocks: see smelt_gemm_two__arm_dsp.h. Twelve pairs of input values of 15 cycles and 48 bytes; the first advances both
 *   pointers (52 bytes). A block's first pair goes before; the first round begins where that leaves whole rounds, at an
 *   odd pair since the number of pairs is even.
 * Blocks of two: r2 r3 r8 r9 input values, r4 r5 weights of two pairs, r6 r10 sums of c0, r7 r11 256 * c1 + c0,
 *   r12 rounds left. One channel alone: r7 for r8, sums of c0 only
 * Stack: 0 the byte before the output, 4 fields, 8 pairs of pixels left, 12 step to the second pixel, 16 the last word of the
 *   blocks of four, 20 zero_point, 24 where the last round begins, less 1 where roundings are signed; 28 bytes that the
 *   first round skips, less 8; 32 where it begins, 36 the word before the weights, 40 pairs, 44 words of a run + 1,
 *   48 rounds of a block of two, 52 channels that are in no block of four, 56 those left, 60 where the end of a
 *   block goes on. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_gemm_fields_s8__arm_dsp(__attribute__((unused)) int8_t *output,
                              __attribute__((unused)) struct smelt_fields_s8 *fields,
                              __attribute__((unused)) int32_t count,
                              __attribute__((unused)) const struct smelt_gemm_s8__arm_dsp *gemm) {
    /* Four values of both pixels: 10 cycles. */
#define EXPAND_WORD                  \
    "ldr     r8, [r6], #4\n"         \
    "ldr     r9, [r7], #4\n"         \
    "sxtb16  r10, r8\n"              \
    "sxtb16  r8, r8, ror #8\n"       \
    "str     r10, [r0], #16\n"       \
    "sxtb16  r10, r9\n"              \
    "sxtb16  r9, r9, ror #8\n"       \
    "str     r10, [r0, #-12]\n"      \
    "str     r8, [r0, #-8]\n"        \
    "str     r9, [r0, #-4]\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #64\n"
        "ldr     r9, [r3]\n"
        "ldrh    r12, [r3, #4]\n" /* depth */
        "ldrh    lr, [r3, #6]\n"  /* channels */
        "ldrb    r6, [r3, #8]\n"  /* signed_rounding */
        "ldrsb   r5, [r3, #9]\n"  /* zero_point */
        "ldr     r3, [r1, #40]\n"
        "ldr     r10, [r1, #32]\n"
        "ldr     r11, [r1, #24]\n"
        "subs    r0, #1\n"
        "sub     r9, r9, #4\n"
        "add     r4, r12, #8\n"  /* words of a block */
        "lsr     r7, lr, #2\n"
        "muls    r4, r7, r4\n"
        "add     r4, r9, r4, lsl #2\n"
        "add     r7, r10, r12, lsl #2\n" /* 4 bytes of pairs an input value */
        "subs    r7, #96\n"
        "subs    r6, r7, r6\n"
        "lsr     r12, r12, #2\n"
        "and     lr, lr, #3\n"
        "movs    r8, #6\n"
        "add     r7, r12, #5\n"
        "udiv    r7, r7, r8\n"
        "mul     r7, r7, r8\n"
        "sub     r7, r7, r12\n" /* times two pairs that the first round skips */
        "lsls    r7, r7, #4\n"
        "adr     r8, 2f + 53\n" /* an odd address: Thumb */
        "add     r8, r8, r7, lsl #2\n"
        "add     r8, r8, r7, lsl #1\n"
        "add     r11, r11, #1\n"
        "stm     sp, {r0-r12, lr}\n"
        "adr     r4, 4f + 1\n"
        "str     r4, [sp, #60]\n");
    __asm volatile(
        "10:\n" /* two pixels */
        "ldr     r12, [sp, #4]\n"
        "ldr     r0, [sp, #40]\n"
        "ldr     r11, [r12, #28]\n"
        "ldm     r12, {r1-r5, r12}\n"
        "11:\n" /* a run */
        "ldr     r6, [r3], #4\n"
        "ldr     r7, [r4], #4\n"
        "ldr     lr, [sp, #44]\n"
        "add     r6, r6, r1\n"
        "add     r7, r7, r2\n"
        "lsrs    lr, lr, #1\n"
        "beq     14f\n"
        "bcc     13f\n"
        "12:\n"
        EXPAND_WORD
        "13:\n"
        EXPAND_WORD
        "subs    lr, lr, #1\n"
        "bne     12b\n"
        "14:\n"
        "movs    lr, r12\n"
        "beq     16f\n"
        "15:\n" /* a value of each pixel's rest */
        "ldrsb   r8, [r6], #1\n"
        "ldrsb   r9, [r7], #1\n"
        "and     r10, r11, #2\n" /* 2 where a pair is complete */
        "strh    r9, [r11, #4]\n"
        "strh    r8, [r11], #2\n"
        "subs    lr, lr, #1\n"
        "add     r11, r11, r10, lsl #1\n"
        "bne     15b\n"
        "16:\n"
        "subs    r5, r5, #1\n"
        "bne     11b\n"
        "ldr     r3, [sp, #4]\n"
        "ldr     r4, [r3, #36]\n"
        "add     r1, r1, r4\n"
        "add     r2, r2, r4\n"
        "str     r1, [r3]\n"
        "str     r2, [r3, #4]\n"
        "ldr     r0, [sp]\n"
        "ldr     r1, [sp, #36]\n"
        "ldr     r4, [sp, #16]\n"
        "b       4f\n");
    __asm volatile(
        ".balign 4\n"
        "2:\n"
        "ldr     r2, [r0, #96]!\n"
        "ldr.n   r3, [r0, #4]\n"
        "ldr     r4, [r1, #96]!\n"
        "ldr.n   r5, [r1, #4]\n"
        SMELT_GEMM_PRODUCTS
        ".irp    at, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88\n"
        "ldr.n   r2, [r0, #\\at]\n"
        "ldr.n   r3, [r0, #\\at + 4]\n"
        "ldr.n   r4, [r1, #\\at]\n"
        "ldr.n   r5, [r1, #\\at + 4]\n"
        SMELT_GEMM_PRODUCTS
        ".endr\n"
        "ldr     r2, [sp, #24]\n"
        "cmp     r0, r2\n"
        "blo     2b\n"
        SMELT_GEMM_FINISH("96")
        "beq     5f\n"
        "str     r0, [sp]\n"
        "ldr     r0, [sp, #40]\n"
        SMELT_GEMM_FIRST("4")
        "ldr     r2, [sp, #28]\n"
        "subs    r0, r0, r2\n"
        "subs    r1, r1, r2\n"
        "ldr     pc, [sp, #32]\n");
    __asm volatile(
        "5:\n"
        "ldr     r9, [sp, #52]\n"
        "cmp     r9, #0\n"
        "beq     20f\n"
        "6:\n" /* a block of two channels */
        "str     r9, [sp, #56]\n"
        "str     r0, [sp]\n"
        "ldr     r0, [sp, #40]\n"
        "ldr     r7, [r1, #4]!\n"
        "ldr     r12, [sp, #48]\n"
        "mov     r11, r7\n"
        "movs    r6, #0\n"
        "mov     r10, r6\n"
        "cmp     r9, #1\n"
        "beq     18f\n"
        "7:\n"
        "ldr     r2, [r0], #16\n"
        "ldr     r3, [r0, #-12]\n"
        "ldr     r8, [r0, #-8]\n"
        "ldr     r9, [r0, #-4]\n"
        "ldr     r4, [r1, #4]!\n"
        "ldr     r5, [r1, #4]!\n"
        "subs    r12, r12, #1\n"
        "smlad   r7, r4, r2, r7\n"
        "smlad   r11, r4, r3, r11\n"
        "sxtb16  r4, r4\n"
        "smlad   r6, r4, r2, r6\n"
        "smlad   r10, r4, r3, r10\n"
        "smlad   r7, r5, r8, r7\n"
        "smlad   r11, r5, r9, r11\n"
        "sxtb16  r5, r5\n"
        "smlad   r6, r5, r8, r6\n"
        "smlad   r10, r5, r9, r10\n"
        "bne     7b\n"
        "17:\n"
        "ldr     r4, [r1, #4]!\n"
        "ldr     r2, [r1, #4]!\n"
        "ldr     r8, [r1, #4]!\n"
        "ldr     r0, [sp]\n"
        "ldr     r3, [sp, #12]\n"
        "ldr     r5, [sp, #20]\n"
        "ldr     r12, [sp, #24]\n"
        "ldr     r9, [sp, #56]\n"
        "sub     r7, r7, r6\n"
        "sub     r11, r11, r10\n"
        "add     r6, r4, r6, lsl #8\n"
        "add     r10, r4, r10, lsl #8\n"
        "add     r3, r3, r0\n"
        "and     r12, r12, #1\n"
        "8:\n" /* one of the two */
        "tst     r12, #1\n"
        "bne     19f\n"
        SMELT_GEMM_UNSIGNED("r6", "r10", "r2", "1]!")
        "9:\n"
        "subs    r9, r9, #1\n"
        "beq     20f\n"
        "eor     r12, r12, #2\n"
        "lsls    r4, r12, #30\n"
        "bpl     6b\n"
        "mov     r6, r7\n"
        "mov     r10, r11\n"
        "mov     r2, r8\n"
        "b       8b\n"
        "18:\n" /* one channel by itself: its halves are plain weights */
        "ldr     r4, [r1, #4]!\n"
        "ldr     r5, [r1, #4]!\n"
        "ldm     r0!, {r2, r3, r7, r9}\n"
        "subs    r12, r12, #1\n"
        "smlad   r6, r4, r2, r6\n"
        "smlad   r10, r4, r3, r10\n"
        "smlad   r6, r5, r7, r6\n"
        "smlad   r10, r5, r9, r10\n"
        "bne     18b\n"
        "b       17b\n"
        "19:\n"
        SMELT_GEMM_SIGNED("r6", "r10", "1]!")
        "b       9b\n"
        "20:\n"
        "ldr     r2, [sp, #12]\n"
        "ldr     r3, [sp, #8]\n"
        "add     r0, r0, r2\n"
        "str     r0, [sp]\n"
        "subs    r3, r3, #1\n"
        "str     r3, [sp, #8]\n"
        "bne     10b\n"
        "add     sp, #64\n"
        "pop     {r4-r11, pc}\n");
#undef EXPAND_WORD
}

SMELT_CODE_SECTION
void __attribute__((naked, noinline)) smelt_gemm_finish_signed__arm_dsp(void) {
    __asm volatile(
        ".syntax unified\n"
        "ldr     r5, [sp, #20]\n"
        SMELT_GEMM_SIGNED("r6", "r10", "1]")
        "ldr     r2, [r1, #4]!\n"
        SMELT_GEMM_SIGNED("r7", "r11", "2]")
        "ldr     r2, [r1, #4]!\n"
        SMELT_GEMM_SIGNED("r8", "r12", "3]")
        "ldr     r2, [r1, #4]!\n"
        SMELT_GEMM_SIGNED("r9", "lr", "4]!")
        "ldr     r4, [sp, #16]\n"
        "ldr     pc, [sp, #60]\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_gemm_words.h"

/* Expand the field of pixel 0 or 1 to every second word of `pairs`. */
SMELT_CODE_SECTION
static void expand_field(const struct smelt_fields_s8 *fields, int32_t pixel) {
    uint32_t *pairs = fields->pairs + pixel, *rest = fields->rests + pixel;
    int second = 0;
    for (int32_t k = 0; k < fields->count; k++) {
        const int8_t *values = fields->columns[pixel] + fields->offsets[pixel][k];
        for (int32_t i = 0; i < fields->words; i++) {
            pairs[0] = smelt_pair(values[0], values[2]);
            pairs[2] = smelt_pair(values[1], values[3]);
            pairs += 4;
            values += 4;
        }
        for (int32_t i = 0; i < fields->rest; i++) {
            *rest = second ? (*rest & 0xFFFFu) | smelt_pair(0, values[i]) : smelt_pair(values[i], 0);
            rest += second ? 2 : 0;
            second = !second;
        }
    }
}

SMELT_CODE_SECTION
void smelt_gemm_fields_s8__arm_dsp(int8_t *output, struct smelt_fields_s8 *fields, int32_t count,
                                   const struct smelt_gemm_s8__arm_dsp *gemm) {
    for (; count > 0; count--) {
        expand_field(fields, 0);
        expand_field(fields, 1);
        fields->columns[0] += fields->column_step;
        fields->columns[1] += fields->column_step;
        /* The second pixel may go to the place of the first. */
        smelt_gemm_pixel(output + fields->output_step, fields->pairs + 1, gemm);
        smelt_gemm_pixel(output, fields->pairs, gemm);
        output += gemm->channels + fields->output_step;
    }
}

#endif

SMELT_CODE_SECTION
void smelt_clamp_s8__arm_dsp(int8_t *output, int32_t count, int32_t low, int32_t high) {
    if (low == -128 && high == 127) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = output[i] < low ? low : output[i];
        output[i] = (int8_t)(value > high ? high : value);
    }
}
