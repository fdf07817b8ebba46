/* What the compact inner products share; see the header. */
#include "smelt_compact_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

/* The assembly reads these members at these places. */
typedef char gemm_layout_is_known[offsetof(struct smelt_compact_s8__arm_dsp, zero_point) == 10 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, low) == 11 &&
                                          offsetof(struct smelt_compact_s8__arm_dsp, high) == 12
                                      ? 1
                                      : -1];

/* r0 r3 r4 r5 sums, r1 multipliers, r2 gemm, r6 zero point, r7 one, r12 lr multiplier and divisor */
SMELT_CODE_SECTION
uint32_t __attribute__((naked, noinline))
smelt_compact_round_twice_s8__arm_dsp(__attribute__((unused)) const int32_t *sums,
                                      __attribute__((unused)) const uint32_t *multipliers,
                                      __attribute__((unused)) const struct smelt_compact_s8__arm_dsp *gemm) {
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "ldm     r0, {r0, r3, r4, r5}\n"
        "ldrsb   r6, [r2, #10]\n"
        "movs    r7, #1\n"
        ".irp    sum, r0, r3, r4, r5\n"
        "ldr     r12, [r1], #4\n"
        "lsl     lr, r7, \\sum\n"
        "asrs    \\sum, \\sum, #7\n"
        "smmulr  \\sum, \\sum, r12\n"
        "add     \\sum, \\sum, \\sum, asr #31\n"
        "smmlar  \\sum, \\sum, lr, r6\n"
        "ssat    \\sum, #8, \\sum\n"
        ".endr\n"
        "bfi     r0, r3, #8, #8\n"
        "bfi     r0, r4, #16, #8\n"
        "bfi     r0, r5, #24, #8\n"
        "ldrb    r3, [r2, #11]\n"
        "ldrb    r4, [r2, #12]\n"
        "mov     r5, #0x01010101\n"
        "muls    r3, r5\n"
        "muls    r4, r5\n"
        "ssub8   r5, r0, r3\n" /* in each byte the larger of output and low, then the smaller of that and high */
        "sel     r0, r0, r3\n"
        "ssub8   r5, r4, r0\n"
        "sel     r0, r0, r4\n"
        "pop     {r4-r7, pc}\n");
}

/* r0 to, r1 from, r2 values left, r3 r12 values */
SMELT_CODE_SECTION
int8_t *__attribute__((naked, noinline))
smelt_copy_values_s8__arm_dsp(__attribute__((unused)) int8_t *to, __attribute__((unused)) const int8_t *from,
                              __attribute__((unused)) int32_t count) {
    __asm volatile(
        ".syntax unified\n"
        "subs    r2, #8\n"
        "blt     2f\n"
        "1:\n"
        "ldr     r3, [r1], #8\n"
        "ldr     r12, [r1, #-4]\n"
        "str     r3, [r0], #8\n"
        "str     r12, [r0, #-4]\n"
        "subs    r2, #8\n"
        "bge     1b\n"
        "2:\n"
        "adds    r2, #8\n"
        "beq     4f\n"
        "3:\n"
        "ldrb    r3, [r1], #1\n"
        "strb    r3, [r0], #1\n"
        "subs    r2, #1\n"
        "bne     3b\n"
        "4:\n"
        "bx      lr\n");
}

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_simd__arm_dsp.h"

SMELT_CODE_SECTION
int8_t smelt_compact_output_s8__arm_dsp(int32_t sum, uint32_t multiplier, const struct smelt_compact_s8__arm_dsp *gemm) {
    int32_t value;
    if (!gemm->signed_rounding) {
        return (int8_t)smelt_ssat8(smelt_smmul(sum, (int32_t)multiplier) >> SMELT_COMPACT_SHIFT);
    }
    value = smelt_smmulr(sum >> 7, (int32_t)multiplier);
    value += value >> 31;
    value = smelt_smmulr(value, (int32_t)1 << ((uint32_t)sum & 0xFFu)) + gemm->zero_point;
    return (int8_t)(value < gemm->low ? gemm->low : value > gemm->high ? gemm->high : value);
}

SMELT_CODE_SECTION
int8_t *smelt_copy_values_s8__arm_dsp(int8_t *to, const int8_t *from, int32_t count) {
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

#endif
