/* Four rows at a time; see smelt_dense_s8__arm_dsp.h for the order of weights. */
#include "smelt_dense_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places, and has the shifts of the single rounding as immediates. */
typedef char dense_layout_is_known[offsetof(struct smelt_dense_s8__arm_dsp, weights) == 0 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, multiplier) == 4 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, divisor) == 8 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, block_bytes) == 12 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, word_bytes) == 16 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, absent_bits) == 20 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, fives) == 21 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, first_step) == 22 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, form) == 23 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, zero_point) == 24 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, first_entry) == 27 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, first_values_back) == 28 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, first_weights_back) == 29 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, entry) == 30 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, values_back) == 31 &&
                                           offsetof(struct smelt_dense_s8__arm_dsp, weights_back) == 32 &&
                                           SMELT_DENSE_SHIFT == 9 && SMELT_DENSE_SHIFT_EACH == 13
                                       ? 1
                                       : -1];

/* Registers in the loops:
 *   r0 values, r1 weights, r2-r5 W(c0, c1), W(c2, c3) of two values and of two more, r6 r7 these values
 *   r8 r10 sums of c0 and c2, r9 r11 256 * (c1, c3) + (c0, c2)
 *   in blocks that sum `shared` r12 this, lr the fifth row's sum
 *   in the others, which begin with -shared in r8 and r10, lr where the last round begins
 * Stack: for the start of a block 0 entry (9: one that sums `shared`), 4 values, 8 weights_back, 12 sum that c0 and c2 begin
 * with; 16 multiplier and 20 divisor of all rows where they have one, 24 end of the blocks, 28 form, 32 zero_point,
 * 36 where the last round of a block that sums `shared` begins, 40 last values, 44 output, 48 sums, 52 dense, 56 values,
 * 60 fives left. */
SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_dense_blocks_s8__arm_dsp(__attribute__((unused)) int8_t *output, __attribute__((unused)) const int8_t *values,
                               __attribute__((unused)) const struct smelt_dense_s8__arm_dsp *dense,
                               __attribute__((unused)) int32_t *sums) {
    /* Macros of the assembler (compilers limit the length of a text):
     * dense_products: of four values, 16 products, 12 instructions of 4 bytes; one more for `shared`.
     * dense_round: steps whose first also advances both pointers; blocks may enter at a later one, at the label `name`
     *   with its index. */
    __asm volatile(
        ".syntax unified\n"
        ".macro dense_products first\n"
        "sxtb16  r7, r6, ror #8\n"
        "sxtb16  r6, r6\n"
        ".if     \\first\n"
        "smlad   r12, r6, r7, r12\n"
        ".endif\n"
        "smlad   r9, r2, r6, r9\n"
        "sxtab16 r2, r7, r2\n"
        "smlad   r11, r3, r6, r11\n"
        "sxtab16 r3, r7, r3\n"
        "smlad   r9, r4, r7, r9\n"
        "sxtab16 r4, r6, r4\n"
        "smlad   r8, r2, r4, r8\n"
        "smlad   r11, r5, r7, r11\n"
        "sxtab16 r5, r6, r5\n"
        "smlad   r10, r3, r5, r10\n"
        ".endm\n"
        ".macro dense_fifth at\n" /* the fifth row: 5 cycles, 14 bytes */
        "ldr.n   r2, [r1, #\\at + 16]\n"
        "sxtab16 r4, r7, r2\n"
        "sxtab16 r2, r6, r2, ror #8\n"
        "smlad   lr, r4, r2, lr\n"
        ".endm\n"
        ".macro dense_weights at\n"
        "ldr.n   r3, [r1, #\\at + 4]\n"
        "ldr.n   r4, [r1, #\\at + 8]\n"
        "ldr.n   r5, [r1, #\\at + 12]\n"
        ".endm\n"
        ".macro dense_round name, first, bytes, steps, after:vararg\n"
        "\\name\\()0:\n"
        "ldr     r6, [r0, #4*\\steps]!\n"
        "ldr     r2, [r1, #\\bytes*\\steps]!\n"
        "dense_weights 0\n"
        "dense_products \\first\n"
        ".if     \\bytes - 16\n"
        "dense_fifth 0\n"
        ".endif\n"
        ".irp    at, \\after\n"
        "\\name\\()\\at:\n"
        "ldr.n   r6, [r0, #4*\\at]\n"
        "ldr.n   r2, [r1, #\\bytes*\\at]\n"
        "dense_weights \\bytes*\\at\n"
        "dense_products \\first\n"
        ".if     \\bytes - 16\n"
        "dense_fifth \\bytes*\\at\n"
        ".endif\n"
        ".endr\n"
        ".endm\n"
        ".macro dense_last first, bytes, steps\n"
        "ldr     r6, [sp, #40]\n"
        "ldr     r2, [r1, #\\bytes*\\steps]!\n"
        "dense_weights 0\n"
        "dense_products \\first\n"
        ".endm\n"
        ".macro dense_store\n"
        "strb    r8, [r0]\n"
        "strb    r9, [r0, #1]\n"
        "strb    r10, [r0, #2]\n"
        "strb    r11, [r0, #3]\n"
        "ldr     r2, [sp, #24]\n"
        "cmp     r1, r2\n"
        "bne     1b\n"
        ".endm\n"
        ".macro dense_once shift\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "ssat    \\sum, #8, \\sum, asr #\\shift\n"
        ".endr\n"
        "dense_store\n"
        ".endm\n"
        ".macro dense_twice sum, divisor\n"
        "add     \\sum, \\sum, \\sum, asr #31\n"
        "smmlar  \\sum, \\sum, \\divisor, r2\n"
        "ssat    \\sum, #8, \\sum\n"
        ".endm\n");
    __asm volatile(
        "push    {r4-r11, lr}\n"
        "sub     sp, #64\n"
        "ldm     r2, {r4-r7}\n"       /* weights, multiplier, divisor, block_bytes */
        "ldrh    r12, [r2, #16]\n"    /* word_bytes */
        "ldrb    r9, [r2, #20]\n"     /* absent_bits */
        "ldrb    r10, [r2, #23]\n"    /* form */
        "ldrsb   r11, [r2, #24]\n"    /* zero_point */
        "ldrb    r8, [r2, #21]\n"     /* fives */
        "add     r12, r12, r1\n"
        "sub     lr, r12, r9, lsr #3\n"
        "ldr     lr, [lr]\n"
        "adds    r7, r7, r4\n"
        "sub     r12, r12, #16\n"
        "lsr     lr, lr, r9\n"
        "add     r9, sp, #16\n"
        "stm     r9, {r5-r7, r10-r12, lr}\n"
        "str     r0, [sp, #44]\n"
        "str     r3, [sp, #48]\n"
        "str     r2, [sp, #52]\n"
        "str     r1, [sp, #56]\n"
        "str     r8, [sp, #60]\n"
        "ldrb    r6, [r2, #28]\n" /* first_values_back */
        "ldrb    r7, [r2, #29]\n" /* first_weights_back */
        "movs    r3, #9\n"
        "mov     r8, #0\n"
        "subs    r6, r1, r6\n"
        "stm     sp, {r3, r6-r8}\n"
        "mov     r1, r4\n"
        "1:\n" /* a block */
        "ldr     r9, [r1], #4\n"
        "ldr     r11, [r1], #4\n"
        "ldr     r2, [sp]\n"
        "ldr     r0, [sp, #4]\n"
        "ldr     r3, [sp, #8]\n"
        "ldr     r8, [sp, #12]\n"
        "mov     r10, r8\n"
        "subs    r1, r1, r3\n"
        "tbh     [pc, r2, lsl #1]\n"
        "2:\n"
        ".irp    at, 0, 1, 2, 3, 4, 5, 6, 7\n"
        ".short  (.Lnext\\at - 2b) / 2\n"
        ".endr\n"
        ".short  (3f - 2b) / 2, (10f - 2b) / 2\n"
        "10:\n"
        "ldr     r2, [sp, #52]\n"
        "ldrb    r2, [r2, #27]\n" /* first_entry */
        "mov     r12, r8\n"
        "mov     lr, r8\n"
        "tbh     [pc, r2, lsl #1]\n"
        "11:\n"
        ".irp    at, .Lfour0, .Lfour1, .Lfour2, .Lfour3, 12f, .Lfive0, .Lfive1, .Lfive2, .Lfive3, 13f\n"
        ".short  (\\at - 11b) / 2\n"
        ".endr\n"
        "dense_round .Lnext, 0, 16, 8, 1, 2, 3, 4, 5, 6, 7\n"
        "cmp     r0, lr\n"
        "bne     .Lnext0\n"
        "3:\n"
        "dense_last 0, 16, 8\n"
        "ldr     r0, [sp, #44]\n"
        "ldr     r4, [sp, #28]\n"
        "ldr     r2, [r1, #16]\n"
        "ldr     r3, [r1, #20]\n"
        "adds    r5, r0, #4\n"
        "str     r5, [sp, #44]\n"
        "4:\n" /* r0 output, r1 last weights, r2 r3 starts of c0 and c2, r4 form */
        "adds    r1, #24\n"
        "sub     r9, r9, r8\n"
        "sub     r11, r11, r10\n"
        "tbb     [pc, r4]\n"
        "5:\n"
        ".byte   (6f - 5b) / 2, (7f - 5b) / 2, (8f - 5b) / 2, (9f - 5b) / 2\n"
        "6:\n" /* one multiplier */
        "ldr     r4, [sp, #16]\n"
        "add     r8, r2, r8, lsl #8\n"
        "add     r10, r3, r10, lsl #8\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "smmul   \\sum, \\sum, r4\n"
        ".endr\n"
        "dense_once 9\n"
        "5:\n"
        "add     sp, #64\n"
        "pop     {r4-r11, pc}\n"
        "7:\n" /* a multiplier each */
        "ldm     r1!, {r4-r7}\n"
        "add     r8, r2, r8, lsl #8\n"
        "add     r10, r3, r10, lsl #8\n"
        "smmul   r8, r8, r4\n"
        "smmul   r9, r9, r5\n"
        "smmul   r10, r10, r6\n"
        "smmul   r11, r11, r7\n"
        "dense_once 13\n"
        "b       5b\n"
        "8:\n" /* signed rounding, one multiplier and divisor */
        "add     r8, r2, r8, lsl #1\n"
        "add     r10, r3, r10, lsl #1\n"
        "asr     r9, r9, #7\n"
        "asr     r11, r11, #7\n"
        "ldr     r4, [sp, #16]\n"
        "ldr     r5, [sp, #20]\n"
        "ldr     r2, [sp, #32]\n"
        ".irp    sum, r8, r9, r10, r11\n"
        "smmulr  \\sum, \\sum, r4\n"
        "dense_twice \\sum, r5\n"
        ".endr\n"
        "dense_store\n"
        "b       5b\n"
        "9:\n" /* signed rounding, a multiplier and divisor each */
        "ldm     r1!, {r4-r7}\n"
        "add     r8, r2, r8, lsl #1\n"
        "add     r10, r3, r10, lsl #1\n"
        "asr     r9, r9, #7\n"
        "asr     r11, r11, #7\n"
        "smmulr  r8, r8, r4\n"
        "smmulr  r9, r9, r5\n"
        "smmulr  r10, r10, r6\n"
        "smmulr  r11, r11, r7\n"
        "ldm     r1!, {r4-r7}\n"
        "ldr     r2, [sp, #32]\n"
        "dense_twice r8, r4\n"
        "dense_twice r9, r5\n"
        "dense_twice r10, r6\n"
        "dense_twice r11, r7\n"
        "dense_store\n"
        "b       5b\n"
        "dense_round .Lfour, 1, 16, 4, 1, 2, 3\n"
        "ldr     r2, [sp, #36]\n"
        "cmp     r0, r2\n"
        "bne     .Lfour0\n"
        "12:\n"
        "dense_last 1, 16, 4\n"
        "b       14f\n"
        "dense_round .Lfive, 1, 20, 4, 1, 2, 3\n"
        "ldr     r2, [sp, #36]\n"
        "cmp     r0, r2\n"
        "bne     .Lfive0\n"
        "13:\n"
        "dense_last 1, 20, 4\n"
        "dense_fifth 0\n"
        "adds    r1, #4\n"
        "ldr     r2, [sp, #48]\n"
        "sub     lr, lr, r12\n"
        "str     lr, [r2], #4\n"
        "str     r2, [sp, #48]\n"
        "14:\n"
        "ldr     r3, [sp, #60]\n"
        "ldr     r4, [sp, #52]\n"
        "ldr     r0, [sp, #44]\n"
        "ldrb    r5, [r4, #22]\n" /* first_step */
        "sub     r8, r8, r12\n"
        "sub     r10, r10, r12\n"
        "adds    r5, r5, r0\n"
        "str     r5, [sp, #44]\n"
        "subs    r3, #1\n"
        "str     r3, [sp, #60]\n"
        "bgt     15f\n" /* another one that sums `shared` */
        "ldrb    r2, [r4, #30]\n" /* entry */
        "ldrb    r3, [r4, #31]\n" /* values_back */
        "ldrb    r6, [r4, #32]\n" /* weights_back */
        "ldr     r5, [sp, #56]\n"
        "ldr     lr, [sp, #36]\n"
        "rsb     r7, r12, #0\n"
        "subs    r3, r5, r3\n"
        "sub     lr, lr, #16\n"
        "stm     sp, {r2, r3, r6, r7}\n"
        "15:\n"
        "ldr     r2, [r1, #16]\n"
        "ldr     r3, [r1, #20]\n"
        "ldr     r4, [sp, #28]\n"
        "b       4b\n"
        ".irp    name, products, fifth, weights, round, last, store, once, twice\n"
        ".purgem dense_\\name\n"
        ".endr\n");
}

#else

/* The same in C, for other cores. */
#include "smelt_gemm_words.h"
#include "smelt_simd__arm_dsp.h"

/* Sums of a block: `both` of c0 and c1, of c2 and c3; `even` of c0, of c2 and `fifth`, in which `shared` remains. */
struct block_sums {
    uint32_t both[2], even[2], fifth, shared;
};

/* Four values; `fifth` points to the fifth row's weights, or is NULL. */
SMELT_CODE_SECTION
static void add_four(struct block_sums *sums, uint32_t values, const uint32_t *weights, const uint32_t *fifth) {
    const uint32_t even = smelt_sxtb16(values), odd = smelt_sxtb16_ror8(values);
    sums->shared += smelt_pair_product(even, odd);
    for (int32_t k = 0; k < 2; k++) {
        const uint32_t w = weights[k], v = weights[k + 2];
        sums->both[k] += smelt_pair_product(w, even) + smelt_pair_product(v, odd);
        sums->even[k] += smelt_pair_product(smelt_sxtab16(odd, w), smelt_sxtab16(even, v));
    }
    if (fifth != NULL) {
        sums->fifth += smelt_pair_product(smelt_sxtab16(odd, *fifth), smelt_sxtab16_ror8(even, *fifth));
    }
}

/* Outputs of a block; `after` points to what follows its weights. */
SMELT_CODE_SECTION
static void finish(int8_t *output, const struct block_sums *sums, const uint32_t *after,
                   const struct smelt_dense_s8__arm_dsp *dense) {
    const int32_t each = dense->form & SMELT_DENSE_EACH, rounds_twice = dense->form & SMELT_DENSE_SIGNED;
    for (int32_t c = 0; c < 4; c++) {
        const uint32_t even = sums->even[c / 2] - sums->shared;
        uint32_t sum = sums->both[c / 2] - even;
        if (c % 2 == 0) {
            sum = (after[c / 2] << (rounds_twice ? 7 : 0)) + (even << 8);
        }
        const int32_t multiplier = each ? (int32_t)after[2 + c] : dense->multiplier;
        if (rounds_twice) {
            const int32_t divisor = each ? (int32_t)after[6 + c] : dense->divisor;
            output[c] = smelt_round_twice((int32_t)sum, multiplier, divisor, dense->zero_point);
        } else {
            const int32_t shift = each ? SMELT_DENSE_SHIFT_EACH : SMELT_DENSE_SHIFT;
            output[c] = (int8_t)smelt_ssat8(smelt_smmul((int32_t)sum, multiplier) >> shift);
        }
    }
}

SMELT_CODE_SECTION
void smelt_dense_blocks_s8__arm_dsp(int8_t *output, const int8_t *values, const struct smelt_dense_s8__arm_dsp *dense,
                                    int32_t *sums) {
    const int32_t numbers = dense->form & SMELT_DENSE_EACH ? (dense->form & SMELT_DENSE_SIGNED ? 8 : 4) : 0;
    const uint32_t *weights = dense->weights, *const end = weights + dense->block_bytes / 4;
    const uint32_t last = smelt_dense_last(values, dense);
    int32_t step = dense->first_step, fives = dense->fives;
    for (; weights != end; fives--) {
        struct block_sums block = {{weights[0], weights[1]}, {0, 0}, 0, 0};
        weights += 2;
        for (int32_t i = 0; i <= dense->word_bytes; i += 4) {
            uint32_t word = last;
            if (i < dense->word_bytes) {
                memcpy(&word, values + i, 4);
            }
            add_four(&block, word, weights, fives > 0 ? weights + 4 : NULL);
            weights += fives > 0 ? 5 : 4;
        }
        finish(output, &block, weights, dense);
        if (fives > 0) {
            *sums++ = (int32_t)(block.fifth - block.shared);
        }
        weights += 2 + numbers;
        output += step;
        step = 4;
    }
}

#endif
