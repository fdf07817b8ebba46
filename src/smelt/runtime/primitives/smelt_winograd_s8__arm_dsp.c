/* Two tiles at a time. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", has the transforms. */
#include "smelt_winograd_s8__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* Transform four values: to (a - c, b + c, c - b, b - d), the first two through a, stored at `at`, 4 * step bytes apart. */
#define TRANSFORM(a, b, c, d, to, at, step)           \
    "ssub16  " a ", " a ", " c "\n"                   \
    "str     " a ", [" to ", #" at "]\n"              \
    "sadd16  " a ", " b ", " c "\n"                   \
    "str     " a ", [" to ", #" at " + " step "]\n"   \
    "ssub16  " c ", " c ", " b "\n"                   \
    "str     " c ", [" to ", #" at " + 2*" step "]\n" \
    "ssub16  " b ", " b ", " d "\n"                   \
    "str     " b ", [" to ", #" at " + 3*" step "]\n"

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_winograd_inputs_s8__arm_dsp(__attribute__((unused)) uint32_t *values,
                                  __attribute__((unused)) const uint32_t *const *rows,
                                  __attribute__((unused)) int32_t channels, __attribute__((unused)) uint32_t *columns) {
    /* r0-r7 values, r8 offset in the rows, r9-r12 rows, lr columns. Of four channels first the six columns are
     * transformed, each to eight words; then the eight rows of these.
     * Stack: 0 bytes of a pixel, 4 of six pixels, 8 values, 12 end of the first row, 16 end of columns' first words. */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #20\n"
        "mov     lr, r3\n"
        "ldm     r1, {r9-r12}\n"
        "add     r3, r2, r2, lsl #1\n"
        "lsls    r3, r3, #1\n"
        "add     r4, r9, r2\n"
        "add     r5, lr, #32\n"
        "strd    r2, r3, [sp]\n"
        "strd    r0, r4, [sp, #8]\n"
        "str     r5, [sp, #16]\n"
        "1:\n"
        "mov     r8, #0\n"
        "2:\n"
        ".irp    column, 0, 32\n"
        "ldr     r1, [r9, r8]\n"
        "ldr     r2, [r10, r8]\n"
        "ldr     r3, [r11, r8]\n"
        "ldr     r4, [r12, r8]\n"
        "sxtb16  r5, r1\n"
        "sxtb16  r6, r2\n"
        "sxtb16  r7, r3\n"
        "sxtb16  r0, r4\n"
        "sxtb16  r1, r1, ror #8\n"
        "sxtb16  r2, r2, ror #8\n"
        "sxtb16  r3, r3, ror #8\n"
        "sxtb16  r4, r4, ror #8\n"
        TRANSFORM("r5", "r6", "r7", "r0", "lr", "\\column", "4")
        TRANSFORM("r1", "r2", "r3", "r4", "lr", "\\column + 16", "4")
        "ldr     r0, [sp]\n"
        "add     r8, r0\n"
        ".endr\n"
        "ldr     r0, [sp, #4]\n"
        "add     lr, #64\n"
        "cmp     r8, r0\n"
        "bne     2b\n"
        "ldr     r0, [sp, #8]\n"
        "sub     lr, #192\n"
        "3:\n"
        ".irp    row, 0, 1\n"
        "ldr     r1, [lr, #4*\\row]\n"
        "ldr     r2, [lr, #4*\\row + 32]\n"
        "ldr     r3, [lr, #4*\\row + 64]\n"
        "ldr     r4, [lr, #4*\\row + 96]\n"
        "ldr     r5, [lr, #4*\\row + 128]\n"
        "ldr     r6, [lr, #4*\\row + 160]\n"
        "mov     r7, r3\n"
        TRANSFORM("r1", "r2", "r3", "r4", "r0", "32*\\row", "8")
        TRANSFORM("r7", "r4", "r5", "r6", "r0", "32*\\row + 4", "8")
        ".endr\n"
        "ldr     r7, [sp, #16]\n"
        "adds    r0, #64\n"
        "add     lr, #8\n"
        "cmp     lr, r7\n"
        "bne     3b\n"
        "ldr     r7, [sp, #12]\n"
        "str     r0, [sp, #8]\n"
        "sub     lr, #32\n"
        "add     r9, #4\n"
        "add     r10, #4\n"
        "add     r11, #4\n"
        "add     r12, #4\n"
        "cmp     r9, r7\n"
        "bne     1b\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n");
}

/* A pair of channels: 16 products in 16 cycles. */
#define PAIR(pair, sum)                                 \
    "ldr     r2, [r0, #128*" pair "]\n"             \
    "ldr     r3, [r0, #128*" pair " + 4]\n"         \
    "ldr     r4, [r1, #16*" pair "]\n"              \
    "ldr     r5, [r1, #16*" pair " + 4]\n"          \
    sum("r6", "r4", "r2") sum("r10", "r4", "r3") \
    sum("r7", "r5", "r2") sum("r11", "r5", "r3") \
    "ldr     r4, [r1, #16*" pair " + 8]\n"          \
    "ldr     r5, [r1, #16*" pair " + 12]\n"         \
    sum("r8", "r4", "r2") sum("r12", "r4", "r3")   \
    sum("r9", "r5", "r2") sum("lr", "r5", "r3")
#define SMUAD(sum, a, b) "smuad   " sum ", " a ", " b "\n"
#define SMLAD(sum, a, b) "smlad   " sum ", " a ", " b ", " sum "\n"

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_winograd_products_s8__arm_dsp(__attribute__((unused)) uint32_t *products,
                                    __attribute__((unused)) const uint32_t *values,
                                    __attribute__((unused)) const uint32_t *weights,
                                    __attribute__((unused)) int32_t channels) {
    /* r0 values, r1 weights, r2 r3 values of the two tiles, r4 r5 weights of two channels, r6-r9 sums of the first
     * tile, r10-r12 lr of the second. Stack: 0 end of a position's weights, 4 products, 8 from the last round's values
     * of a position back to the next position, 12 end of products. A round is eight pairs of channels. */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #20\n"
        "mov     r5, r0\n"
        "lsls    r6, r3, #6\n"         /* bytes of a position's values, eight times those of its weights */
        "mov     r0, r1\n"
        "mov     r1, r2\n"
        "add     r4, r1, r6, lsr #3\n"
        "subw    r6, r6, #1032\n"
        "add     r7, r5, #512\n"
        "stm     sp, {r4, r5, r6, r7}\n"
        "1:\n"
        PAIR("0", SMUAD)
        "2:\n"
        ".irp    pair, 1, 2, 3, 4, 5, 6, 7\n"
        PAIR("\\pair", SMLAD)
        ".endr\n"
        "ldr     r2, [sp]\n"
        "adds    r1, #128\n"
        "cmp     r1, r2\n"
        "bne     3f\n"
        "ldr     r3, [sp, #4]\n"
        "ldr     r4, [sp, #8]\n"
        "ldr     r5, [sp, #12]\n"
        "subs    r0, r0, r4\n"
        "stm     r3!, {r6-r12, lr}\n"
        "add     r2, r2, r4, asr #3\n"
        "adds    r2, #129\n"
        "str     r2, [sp]\n"
        "str     r3, [sp, #4]\n"
        "cmp     r3, r5\n"
        "bne     1b\n"
        "add     sp, #20\n"
        "pop     {r4-r11, pc}\n"
        "3:\n"
        "add     r0, #1024\n"
        PAIR("0", SMLAD)
        "b       2b\n");
}

/* The sums of three of four rows, for each of the four columns at `at` of the products: r8 m0 + m1 + m2,
 * r9 m1 - m2 - m3, through r10 r11. */
#define COLUMN(at)                      \
    "ldr     r8, [r1, #" at "]\n"       \
    "ldr     r9, [r1, #" at " + 128]\n"  \
    "ldr     r10, [r1, #" at " + 256]\n" \
    "ldr     r11, [r1, #" at " + 384]\n" \
    "add     r8, r9\n"                  \
    "sub     r9, r10\n"                 \
    "add     r8, r10\n"                 \
    "sub     r9, r11\n"

SMELT_CODE_SECTION
void __attribute__((naked, noinline))
smelt_winograd_outputs_s8__arm_dsp(__attribute__((unused)) int8_t *output,
                                   __attribute__((unused)) const uint32_t *products,
                                   __attribute__((unused)) const int32_t *records,
                                   __attribute__((unused)) int32_t right, __attribute__((unused)) int32_t down,
                                   __attribute__((unused)) int32_t zero_point) {
    /* r0 output, r1 products, r2 records, r3 right, r4 r5 the outputs of the upper row, r6 r7 of the lower one,
     * r8-r11 products, then start, multiplier, divisor, zero point; r12 output of the lower row,
     * lr zero point. Stack: 0 end of the products of the first position. */
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r11, lr}\n"
        "sub     sp, #4\n"
        "ldrd    r12, lr, [sp, #40]\n"
        "add     r4, r1, #16\n"
        "add     r12, r0\n"
        "str     r4, [sp]\n"
        "1:\n"
        COLUMN("0")
        "mov     r4, r8\n"
        "mov     r6, r9\n"
        COLUMN("32")
        "mov     r5, r8\n"
        "mov     r7, r9\n"
        "add     r4, r8\n"
        "add     r6, r9\n"
        COLUMN("64")
        "add     r4, r8\n"
        "sub     r5, r8\n"
        "add     r6, r9\n"
        "sub     r7, r9\n"
        COLUMN("96")
        "sub     r5, r8\n"
        "sub     r7, r9\n"
        "ldr     r8, [r2], #4\n"
        "ldr     r9, [r2], #4\n"
        "adds    r1, #4\n"
        "cmp     lr, #256\n"
        "bne     3f\n"
        ".irp    sum, r4, r5, r6, r7\n"
        "add     \\sum, r8, \\sum, lsl #6\n"
        "smmul   \\sum, \\sum, r9\n"
        "ssat    \\sum, #8, \\sum, asr #9\n"
        ".endr\n"
        "2:\n"
        "strb    r7, [r12, r3]\n"
        "strb    r6, [r12], #1\n"
        "strb    r5, [r0, r3]\n"
        "strb    r4, [r0], #1\n"
        "ldr     r8, [sp]\n"
        "cmp     r1, r8\n"
        "bne     1b\n"
        "add     sp, #4\n"
        "pop     {r4-r11, pc}\n"
        "3:\n"
        "ldr     r10, [r2], #4\n"
        ".irp    sum, r4, r5, r6, r7\n"
        "add     \\sum, r8, \\sum, lsl #6\n"
        "asr     \\sum, \\sum, #7\n"
        "smmulr  \\sum, \\sum, r9\n"
        "add     \\sum, \\sum, \\sum, asr #31\n"
        "smmlar  \\sum, \\sum, r10, lr\n"
        "ssat    \\sum, #8, \\sum\n"
        ".endr\n"
        "b       2b\n");
}

#else

/* The same in C, for other cores: what the tests run on a computer. */
#include "smelt_gemm_words.h"
#include "smelt_simd__arm_dsp.h"

/* d -> (d0 - d2, d1 + d2, d2 - d1, d1 - d3), of pairs of int16 values. */
SMELT_CODE_SECTION
static void transform(uint32_t *to, int32_t step, uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3) {
    to[0] = smelt_ssub16(d0, d2);
    to[step] = smelt_sadd16(d1, d2);
    to[2 * step] = smelt_ssub16(d2, d1);
    to[3 * step] = smelt_ssub16(d1, d3);
}

SMELT_CODE_SECTION
void smelt_winograd_inputs_s8__arm_dsp(uint32_t *values, const uint32_t *const *rows, int32_t channels,
                                       uint32_t *columns) {
    for (int32_t c = 0; c < channels / 2; c++) {
        for (int32_t x = 0; x < 6; x++) {
            uint32_t d[4];
            for (int32_t y = 0; y < 4; y++) {
                const uint32_t word = rows[y][x * (channels / 4) + c / 2];
                d[y] = c % 2 ? smelt_sxtb16_ror8(word) : smelt_sxtb16(word);
            }
            transform(columns + 4 * x, 1, d[0], d[1], d[2], d[3]);
        }
        for (int32_t y = 0; y < 4; y++) {
            const uint32_t *const d = columns + y;
            transform(values, SMELT_WINOGRAD_TILES, d[0], d[4], d[8], d[12]);
            transform(values + 1, SMELT_WINOGRAD_TILES, d[8], d[12], d[16], d[20]);
            values += 4 * SMELT_WINOGRAD_TILES;
        }
    }
}

SMELT_CODE_SECTION
void smelt_winograd_products_s8__arm_dsp(uint32_t *products, const uint32_t *values, const uint32_t *weights,
                                         int32_t channels) {
    for (int32_t position = 0; position < SMELT_WINOGRAD_POSITIONS; position++) {
        for (int32_t i = 0; i < 8; i++) {
            uint32_t sum = 0;
            for (int32_t pair = 0; pair < channels / 2; pair++) {
                const uint32_t *const value = values + SMELT_WINOGRAD_POSITIONS * SMELT_WINOGRAD_TILES * pair;
                sum += smelt_pair_product(value[i / 4], weights[4 * pair + i % 4]);
            }
            *products++ = sum;
        }
        values += SMELT_WINOGRAD_TILES;
        weights += 2 * channels;
    }
}

/* Four times the sums of a tile's outputs, rows of two columns. */
SMELT_CODE_SECTION
static void transform_products(uint32_t *sums, const uint32_t *products) {
    enum { STEP = 4 * SMELT_WINOGRAD_TILES };
    uint32_t top[4], bottom[4];
    for (int32_t x = 0; x < 4; x++) {
        const uint32_t m0 = products[STEP * x], m1 = products[STEP * (4 + x)];
        const uint32_t m2 = products[STEP * (8 + x)], m3 = products[STEP * (12 + x)];
        top[x] = m0 + m1 + m2;
        bottom[x] = m1 - m2 - m3;
    }
    sums[0] = top[0] + top[1] + top[2];
    sums[1] = top[1] - top[2] - top[3];
    sums[2] = bottom[0] + bottom[1] + bottom[2];
    sums[3] = bottom[1] - bottom[2] - bottom[3];
}

SMELT_CODE_SECTION
void smelt_winograd_outputs_s8__arm_dsp(int8_t *output, const uint32_t *products, const int32_t *records, int32_t right,
                                        int32_t down, int32_t zero_point) {
    for (int32_t c = 0; c < 4; c++) {
        uint32_t sums[4];
        transform_products(sums, products + c);
        const int32_t start = *records++, multiplier = *records++;
        const int32_t divisor = zero_point == SMELT_WINOGRAD_ROUND_ONCE ? 0 : *records++;
        for (int32_t i = 3; i >= 0; i--) {
            const int32_t sum = (int32_t)((sums[i] << 6) + (uint32_t)start);
            output[(i / 2) * down + (i % 2) * right] =
                zero_point == SMELT_WINOGRAD_ROUND_ONCE ? smelt_round_once(sum, multiplier)
                                                        : smelt_round_twice(sum, multiplier, divisor, zero_point);
        }
        output++;
    }
}

#endif
