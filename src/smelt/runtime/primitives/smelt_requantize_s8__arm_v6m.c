/* The outputs of some channels; see the header for the arithmetic. */
#include "smelt_requantize_s8__arm_v6m.h"

#if defined(__ARM_ARCH_6M__)

SMELT_CODE_SECTION
const uint32_t *__attribute__((naked, noinline))
smelt_requantize_s8__arm_v6m(__attribute__((unused)) int8_t *output, __attribute__((unused)) const uint32_t *records,
                             __attribute__((unused)) const int32_t *sums,
                             __attribute__((unused)) const struct smelt_requantize_s8__arm_v6m *how) {
    /* r0 output, r1 records, then product, r2 sums, r3 sum, r4 r5 low and high part of the multiplier or the fraction,
     * r6 shift or multiplier, r7 product
     * r8 span, r9 offset, r10 lowest output or step down, r11 start, r12 end of sums, lr step
     * Stack: 0 output of the channel, 4 bytes of sums, 8 shift, 12 channels, 16 bytes to skip, 20 records, 24 zero */
#define NEXT_SUM              \
    "ldmia   r2!, {r3}\n"     \
    "add     r3, r11\n"       \
    "cmp     r3, r8\n"
#define OUTPUT                \
    "adds    r3, r3, r7\n"    \
    "add     r3, r9\n"        \
    "lsrs    r3, r3, #24\n"   \
    "strb    r3, [r0]\n"      \
    "add     r0, lr\n"        \
    "cmp     r2, r12\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "mov     r4, r8\n"
        "mov     r5, r9\n"
        "mov     r6, r10\n"
        "mov     r7, r11\n"
        "push    {r4-r7}\n"
        "sub     sp, #28\n"
        "str     r0, [sp]\n"
        "ldmia   r3!, {r0, r4, r5, r6, r7}\n" /* count, step, shift, channels, skip */
        "lsls    r0, r0, #2\n"
        "lsls    r7, r7, #2\n"
        "str     r0, [sp, #4]\n"
        "str     r5, [sp, #8]\n"
        "str     r6, [sp, #12]\n"
        "str     r7, [sp, #16]\n"
        "mov     lr, r4\n"
        "1:\n" /* a channel */
        "ldr     r0, [sp]\n"
        "adds    r7, r0, #1\n"
        "str     r7, [sp]\n"
        "ldr     r7, [sp, #4]\n"
        "adds    r7, r7, r2\n"
        "mov     r12, r7\n"
        "ldmia   r1!, {r3, r4, r5, r7}\n" /* start, span, multiplier, offset */
        "mov     r11, r3\n"
        "mov     r8, r4\n"
        "mov     r9, r7\n"
        "ldr     r6, [sp, #8]\n"
        "cmp     r6, #0\n"
        "beq     5f\n"
        "movs    r4, r5\n"
        "lsrs    r5, r6\n"
        "movs    r3, r5\n"
        "lsls    r3, r6\n"
        "subs    r4, r4, r3\n"
        "lsrs    r7, r7, #24\n"
        "mov     r10, r7\n"
        "2:\n"
        NEXT_SUM
        "bhi     4f\n"
        "3:\n"
        "movs    r7, r4\n"
        "muls    r7, r3, r7\n"
        "lsrs    r7, r6\n"
        "muls    r3, r5, r3\n"
        OUTPUT
        "bne     2b\n"
        "b       9f\n"
        "4:\n" /* outside: most often below */
        "lsls    r3, r3, #1\n"
        "mov     r3, r8\n"
        "bcc     3b\n"
        "mov     r7, r10\n"
        "strb    r7, [r0]\n"
        "add     r0, lr\n"
        "cmp     r2, r12\n"
        "bne     2b\n"
        "b       9f\n"
        "5:\n" /* the long form */
        "movs    r6, r5\n"
        "ldmia   r1!, {r4, r5, r7}\n" /* fraction, zero, step down */
        "str     r1, [sp, #20]\n"
        "str     r5, [sp, #24]\n"
        "mov     r10, r7\n"
        "lsrs    r5, r4, #10\n"
        "lsls    r4, r4, #22\n"
        "lsrs    r4, r4, #22\n"
        "6:\n"
        NEXT_SUM
        "bls     7f\n"
        "asrs    r7, r3, #31\n" /* clamp to 0 or span */
        "mov     r3, r8\n"
        "bics    r3, r7\n"
        "7:\n"
        "movs    r7, r4\n"
        "muls    r7, r3, r7\n"
        "lsrs    r7, r7, #10\n"
        "movs    r1, r5\n"
        "muls    r1, r3, r1\n"
        "adds    r7, r7, r1\n"
        "lsrs    r7, r7, #10\n"
        "ldr     r1, [sp, #24]\n"
        "cmp     r3, r1\n"
        "bhs     8f\n"
        "add     r7, r10\n"
        "8:\n"
        "muls    r3, r6, r3\n"
        OUTPUT
        "bne     6b\n"
        "ldr     r1, [sp, #20]\n"
        "9:\n"
        "ldr     r7, [sp, #16]\n"
        "adds    r2, r2, r7\n"
        "ldr     r7, [sp, #12]\n"
        "subs    r7, r7, #1\n"
        "str     r7, [sp, #12]\n"
        "bne     1b\n"
        "movs    r0, r1\n"
        "add     sp, #28\n"
        "pop     {r4-r7}\n"
        "mov     r8, r4\n"
        "mov     r9, r5\n"
        "mov     r10, r6\n"
        "mov     r11, r7\n"
        "pop     {r4-r7, pc}\n");
#undef NEXT_SUM
#undef OUTPUT
}

#else

/* The same in C, for other cores. */
SMELT_CODE_SECTION
static inline int8_t requantize(uint32_t sum, const uint32_t record[7], int32_t shift) {
    const uint32_t start = record[0], span = record[1], multiplier = record[2];
    const uint32_t a = sum + start > span ? ((sum + start) >> 31 ? 0 : span) : sum + start;
    uint32_t scaled;
    if (shift > 0) {
        const uint32_t high = multiplier >> shift, low = multiplier - (high << shift);
        scaled = a * high + (a * low >> shift);
    } else {
        const uint32_t fraction = a * (record[4] >> 10) + (a * (record[4] & 0x3FFu) >> 10);
        scaled = a * multiplier + (fraction >> 10) + (a < record[5] ? record[6] : 0);
    }
    scaled = (scaled + record[3]) >> 24;
    return (int8_t)(scaled < 128 ? (int32_t)scaled : (int32_t)scaled - 256);
}

SMELT_CODE_SECTION
const uint32_t *smelt_requantize_s8__arm_v6m(int8_t *output, const uint32_t *records, const int32_t *sums,
                                             const struct smelt_requantize_s8__arm_v6m *how) {
    const int32_t count = how->count, step = how->step, shift = how->shift, more = shift > 0 ? 0 : 3;
    for (int32_t c = 0; c < how->channels; c++) {
        /* a copy, which no output can change; its end counts in the long form only */
        const uint32_t record[] = {records[0],        records[1],        records[2],       records[3],
                                   records[1 + more], records[2 + more], records[3 + more]};
        records += 4 + more;
        for (int32_t k = 0; k < count; k++) {
            output[c + k * step] = requantize((uint32_t)*sums++, record, shift);
        }
        sums += how->skip;
    }
    return records;
}

#endif
