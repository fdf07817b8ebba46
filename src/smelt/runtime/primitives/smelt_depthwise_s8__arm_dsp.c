/* 3 x 3 taps in six registers of two weights: P = (w0, w1) and Q = (w1, w2) of each row. */
#include "smelt_depthwise_s8__arm_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* r0 sums, r1 lines, r2 start, r3 end of sums, r4 r6 r8 P and r5 r7 r9 Q of the three rows,
 * r10 r11 input values, r12 lr sums of two outputs */
#define LOAD_WEIGHTS                    \
    ".syntax unified\n"                 \
    "push    {r4-r11, lr}\n"            \
    "add     r3, r0, r3, lsl #2\n"      \
    "ldm     r2, {r2, r4, r6, r8}\n"    \
    "sxtb16  r5, r4, ror #8\n"          \
    "sxtb16  r4, r4\n"                  \
    "sxtb16  r7, r6, ror #8\n"          \
    "sxtb16  r6, r6\n"                  \
    "sxtb16  r9, r8, ror #8\n"          \
    "sxtb16  r8, r8\n"

void __attribute__((naked, noinline))
smelt_depthwise_3x3_s8__arm_dsp(__attribute__((unused)) int32_t *sums, __attribute__((unused)) const uint32_t *lines,
                                __attribute__((unused)) const uint32_t start[4],
                                __attribute__((unused)) int32_t count) {
    /* Two outputs: x0 x1 x2 and x1 x2 x3 times w0 w1 w2. */
#define ROW(offset, p, q, even, odd)                   \
    "ldr     r10, [r1, #\\at + " offset "]\n"          \
    "ldr     r11, [r1, #\\at + 12 + " offset "]\n"     \
    "smlad   r12, r10, " p ", " even "\n"              \
    "smlatb  lr, r10, " p ", " odd "\n"                \
    "smlabt  r12, r11, " q ", r12\n"                   \
    "smlad   lr, r11, " q ", lr\n"
    __asm volatile(
        LOAD_WEIGHTS
        "1:\n"
        ".irp    at, 0, 12\n"
        ROW("0", "r4", "r5", "r2", "r2")
        ROW("4", "r6", "r7", "r12", "lr")
        ROW("8", "r8", "r9", "r12", "lr")
        "str     r12, [r0], #4\n"
        "str     lr, [r0], #4\n"
        ".endr\n"
        "adds    r1, #24\n"
        "cmp     r0, r3\n"
        "bne     1b\n"
        "pop     {r4-r11, pc}\n");
#undef ROW
}

void __attribute__((naked, noinline))
smelt_depthwise_3x3_stride_2_s8__arm_dsp(__attribute__((unused)) int32_t *sums,
                                         __attribute__((unused)) const uint32_t *lines,
                                         __attribute__((unused)) const uint32_t start[4],
                                         __attribute__((unused)) int32_t count) {
#define ROW(offset, p, q, sum)                         \
    "ldr     r10, [r1, #\\at + " offset "]\n"          \
    "ldr     r11, [r1, #\\at + 12 + " offset "]\n"     \
    "smlad   r12, r10, " p ", " sum "\n"               \
    "smlabt  r12, r11, " q ", r12\n"
    __asm volatile(
        LOAD_WEIGHTS
        "1:\n"
        ".irp    at, 0, 12\n"
        ROW("0", "r4", "r5", "r2")
        ROW("4", "r6", "r7", "r12")
        ROW("8", "r8", "r9", "r12")
        "str     r12, [r0], #4\n"
        ".endr\n"
        "adds    r1, #24\n"
        "cmp     r0, r3\n"
        "bne     1b\n"
        "pop     {r4-r11, pc}\n");
#undef ROW
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

static int32_t tap(const uint32_t *lines, int32_t row, int32_t position) {
    const uint32_t word = lines[position / 2 * 3 + row];
    return (int16_t)(position % 2 ? word >> 16 : word & 0xFFFFu);
}

static void sums_3x3(int32_t *sums, const uint32_t *lines, const uint32_t start[4], int32_t count, int32_t stride) {
    for (int32_t i = 0; i < count; i++) {
        uint32_t sum = start[0];
        for (int32_t row = 0; row < 3; row++) {
            const uint32_t first = smelt_sxtb16(start[1 + row]), last = smelt_sxtb16(start[1 + row] >> 8);
            sum += (uint32_t)(tap(lines, row, i * stride) * (int16_t)(first & 0xFFFFu));
            sum += (uint32_t)(tap(lines, row, i * stride + 1) * (int16_t)(first >> 16));
            sum += (uint32_t)(tap(lines, row, i * stride + 2) * (int16_t)(last >> 16));
        }
        sums[i] = (int32_t)sum;
    }
}

void smelt_depthwise_3x3_s8__arm_dsp(int32_t *sums, const uint32_t *lines, const uint32_t start[4], int32_t count) {
    sums_3x3(sums, lines, start, count, 1);
}

void smelt_depthwise_3x3_stride_2_s8__arm_dsp(int32_t *sums, const uint32_t *lines, const uint32_t start[4],
                                              int32_t count) {
    sums_3x3(sums, lines, start, count, 2);
}

#endif
