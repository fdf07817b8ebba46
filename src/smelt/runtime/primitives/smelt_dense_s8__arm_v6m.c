/* Four rows at a time; see the header for the arithmetic. */
#include "smelt_dense_s8__arm_v6m.h"

#if defined(__ARM_ARCH_6M__)

SMELT_CODE_SECTION
const uint32_t *__attribute__((naked, noinline))
smelt_dense_s8__arm_v6m(__attribute__((unused)) int32_t *sums, __attribute__((unused)) const uint32_t *weights,
                        __attribute__((unused)) const struct smelt_dense_s8__arm_v6m *dense) {
    /* r0 inputs, r1 weights, r2 four inputs, r3 one, r4 r5 weights of two, r6 part of these, then product
     * r8 U, r9 V, r10 F, r11 sums, r12 end of whole words, lr starts; stack: 0 inputs, 4 last, 8 end of sums, 12 offset */
#define ADD_PRODUCTS(weights)        \
    "uxth    r6, " weights "\n"      \
    "muls    r6, r3, r6\n"           \
    "add     r8, r6\n"               \
    "rev16   r6, " weights "\n"      \
    "muls    r6, r3, r6\n"           \
    "add     r10, r6\n"              \
    "lsrs    " weights ", " weights ", #16\n" \
    "muls    " weights ", r3, " weights "\n" \
    "add     r9, " weights "\n"
    __asm volatile(
        ".syntax unified\n"
        "push    {r4-r7, lr}\n"
        "mov     r4, r8\n"
        "mov     r5, r9\n"
        "mov     r6, r10\n"
        "mov     r7, r11\n"
        "push    {r4-r7}\n"
        "mov     r11, r0\n"
        "ldmia   r2!, {r3-r7}\n" /* inputs, inputs_end, last, starts, sums_end */
        "ldr     r2, [r2]\n"     /* offset */
        "mov     r12, r4\n"
        "mov     lr, r6\n"
        "mov     r4, r5\n"
        "mov     r5, r7\n"
        "mov     r6, r2\n"
        "push    {r3-r6}\n"
        "1:\n" /* four rows */
        "ldr     r0, [sp]\n"
        "ldr     r2, [sp, #12]\n"
        "mov     r8, r2\n"
        "mov     r9, r2\n"
        "lsls    r3, r2, #16\n"
        "adds    r3, r3, r2\n"
        "mov     r10, r3\n"
        "cmp     r0, r12\n"
        "beq     4f\n"
        "2:\n"
        "ldmia   r0!, {r2}\n"
        "3:\n"
        "ldmia   r1!, {r4, r5}\n"
        "sxtb    r3, r2\n"
        ADD_PRODUCTS("r4")
        "asrs    r2, r2, #8\n"
        "sxtb    r3, r2\n"
        ADD_PRODUCTS("r5")
        "ldmia   r1!, {r4, r5}\n"
        "asrs    r2, r2, #8\n"
        "sxtb    r3, r2\n"
        ADD_PRODUCTS("r4")
        "asrs    r3, r2, #8\n"
        ADD_PRODUCTS("r5")
        "cmp     r0, r12\n"
        "blo     2b\n"
        "bhi     5f\n"
        "4:\n" /* the last inputs; then r0 is beyond the end */
        "ldr     r2, [sp, #4]\n"
        "adds    r0, #4\n"
        "b       3b\n"
        "5:\n"
        "mov     r3, r8\n"
        "uxtb    r2, r3\n"
        "asrs    r3, r3, #8\n"
        "lsls    r4, r2, #8\n"
        "adds    r4, r4, r3\n"
        "mov     r5, r10\n"
        "subs    r4, r4, r5\n"
        "sxth    r4, r4\n"       /* h */
        "subs    r3, r3, r4\n"   /* S1 */
        "lsls    r4, r4, #8\n"
        "adds    r2, r2, r4\n"   /* S0 */
        "lsls    r4, r2, #8\n"
        "adds    r4, r4, r3\n"
        "subs    r5, r5, r4\n"
        "lsrs    r6, r5, #16\n"  /* S3 + 2^8 * S2 modulo 2^16 */
        "mov     r5, r9\n"
        "uxtb    r4, r5\n"
        "asrs    r5, r5, #8\n"
        "lsls    r7, r4, #8\n"
        "adds    r7, r7, r5\n"
        "subs    r7, r7, r6\n"
        "sxth    r7, r7\n"       /* h of S2 and S3 */
        "subs    r5, r5, r7\n"   /* S3 */
        "lsls    r7, r7, #8\n"
        "adds    r4, r4, r7\n"   /* S2 */
        "mov     r0, lr\n"
        "ldmia   r0!, {r6, r7}\n"
        "adds    r2, r2, r6\n"
        "adds    r3, r3, r7\n"
        "ldmia   r0!, {r6, r7}\n"
        "adds    r4, r4, r6\n"
        "adds    r5, r5, r7\n"
        "mov     lr, r0\n"
        "mov     r0, r11\n"
        "stmia   r0!, {r2-r5}\n"
        "mov     r11, r0\n"
        "ldr     r2, [sp, #8]\n"
        "cmp     r0, r2\n"
        "bne     1b\n"
        "movs    r0, r1\n"
        "add     sp, #16\n"
        "pop     {r4-r7}\n"
        "mov     r8, r4\n"
        "mov     r9, r5\n"
        "mov     r10, r6\n"
        "mov     r11, r7\n"
        "pop     {r4-r7, pc}\n");
#undef ADD_PRODUCTS
}

#else

#include <string.h>

/* The same in C, for other cores. Two sums from `both` = S0 + 2^8 * S1 and `swapped` = S1 + 2^8 * S0 modulo 2^16. */
SMELT_CODE_SECTION
static void two_sums(uint32_t sums[2], uint32_t both, uint32_t swapped) {
    const uint32_t low = both & 0xFFu, rest = (uint32_t)((int32_t)both >> 8);
    const uint32_t h = (uint32_t)(int32_t)((int32_t)((rest + (low << 8) - swapped) << 16) >> 16);
    sums[0] = low + (h << 8);
    sums[1] = rest - h;
}

SMELT_CODE_SECTION
const uint32_t *smelt_dense_s8__arm_v6m(int32_t *sums, const uint32_t *weights,
                                        const struct smelt_dense_s8__arm_v6m *dense) {
    for (const int32_t *start = dense->starts; sums != dense->sums_end; sums += 4, start += 4) {
        uint32_t u = dense->offset, v = u, f = u + (u << 16), four[4];
        for (const int8_t *four_inputs = dense->inputs; four_inputs <= dense->inputs_end; four_inputs += 4) {
            uint32_t inputs = dense->last;
            if (four_inputs < dense->inputs_end) {
                memcpy(&inputs, four_inputs, 4);
            }
            for (int32_t drop = 24; drop >= 0; drop -= 8, weights++) {
                const uint32_t x = (uint32_t)((int32_t)(inputs << drop) >> 24), w = *weights;
                u += x * (w & 0xFFFFu);
                v += x * (w >> 16);
                f += x * ((w >> 8 & 0x00FF00FFu) | (w << 8 & 0xFF00FF00u));
            }
        }
        two_sums(four, u, f);
        two_sums(four + 2, v, (f - four[1] - (four[0] << 8)) >> 16);
        for (int32_t i = 0; i < 4; i++) {
            sums[i] = (int32_t)(four[i] + (uint32_t)start[i]);
        }
    }
    return weights;
}

#endif
