/* Four sums at a time by eleven vector instructions. */
#include <arm_mve.h>

#include "elementwise__arm_mve.h"

void smelt_add_affine_s8__arm_mve(int8_t *output, const int8_t *a, const int8_t *b,
                                  const struct smelt_add_affine_s8_parameters *parameters) {
    const int32x4_t low = vdupq_n_s32(parameters->low), high = vdupq_n_s32(parameters->high);
    /* q0: values of a, then sums; q1: values of b. vqdmulh is floor(2 * value * multiplier / 2^32), which is
     * floor(byte * multiplier / 2^8) of bytes that are 23 bits further left. */
    __asm volatile("wlstp.32 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.s32 q0, [%[a]], #4\n\t"
                   "vldrb.s32 q1, [%[b]], #4\n\t"
                   "vshl.i32 q0, q0, #23\n\t"
                   "vshl.i32 q1, q1, #23\n\t"
                   "vqdmulh.s32 q0, q0, %[multiplier_a]\n\t"
                   "vqdmulh.s32 q1, q1, %[multiplier_b]\n\t"
                   "vadd.i32 q0, q0, %[start]\n\t"
                   "vadd.i32 q0, q0, q1\n\t"
                   "vshl.s32 q0, %[left_shift]\n\t"
                   "vmax.s32 q0, q0, %q[low]\n\t"
                   "vmin.s32 q0, q0, %q[high]\n\t"
                   "vstrb.32 q0, [%[output]], #4\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [output] "+r"(output), [a] "+r"(a), [b] "+r"(b)
                   : [count] "r"(parameters->count), [multiplier_a] "r"(parameters->multiplier_a),
                     [multiplier_b] "r"(parameters->multiplier_b), [start] "r"(parameters->start),
                     [left_shift] "r"(-parameters->shift), [low] "w"(low), [high] "w"(high)
                   : "lr", "q0", "q1", "memory");
}
