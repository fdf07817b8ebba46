/* Three fields times two channels at a time: 96 products by 11 vector instructions. */
#include "smelt_gemm_s8__arm_mve.h"

/* The next pair of channels: sums[0, 1] of the first field, [16, 17] of the second, [32, 33] of the third.
 * Returns where those of the pair after it go. */
static inline int32_t *pair_sums(int32_t *sums, const int32_t **pair, const int8_t *const fields[SMELT_GEMM_FIELDS],
                                 int32_t depth) {
    /* Sums need even registers (Te), of which without optimization just enough are left: the rest is in odd ones. */
    register int32_t *to __asm("r1") = sums;
    register const int8_t *field0 __asm("r3") = fields[0];
    register const int8_t *field1 __asm("r5") = fields[1];
    register const int8_t *field2 __asm("r9") = fields[2];
    register const int32_t *weights __asm("r11") = *pair;
    register int32_t left __asm("lr") = depth;
    int32_t a0, b0, a1, b1, a2, b2;
    /* q0, q1: sixteen weights of both channels; q2: sixteen values of a field. The loop's tail predication
     * reads nothing behind a field. */
    __asm("ldrd %[a1], %[b1], [%[weights]]\n\t"
          "ldrd %[a2], %[b2], [%[weights]]\n\t"
          "ldrd %[a0], %[b0], [%[weights]], #8\n\t"
          "dlstp.8 lr, lr\n"
          "1:\n\t"
          "vldrb.8 q0, [%[weights]], #16\n\t"
          "vldrb.8 q2, [%[field0]], #16\n\t"
          "vmladava.s8 %[a0], q0, q2\n\t"
          "vldrb.8 q1, [%[weights]], #16\n\t"
          "vmladava.s8 %[b0], q1, q2\n\t"
          "vldrb.8 q2, [%[field1]], #16\n\t"
          "vmladava.s8 %[a1], q0, q2\n\t"
          "vmladava.s8 %[b1], q1, q2\n\t"
          "vldrb.8 q2, [%[field2]], #16\n\t"
          "vmladava.s8 %[a2], q0, q2\n\t"
          "vmladava.s8 %[b2], q1, q2\n\t"
          "letp lr, 1b\n\t"
          "strd %[a1], %[b1], [%[to], #64]\n\t"
          "strd %[a2], %[b2], [%[to], #128]\n\t"
          "strd %[a0], %[b0], [%[to]], #8"
          : [a0] "=&Te"(a0), [b0] "=&Te"(b0), [a1] "=&Te"(a1), [b1] "=&Te"(b1), [a2] "=&Te"(a2), [b2] "=&Te"(b2),
            [weights] "+r"(weights), [to] "+r"(to), [field0] "+r"(field0), [field1] "+r"(field1),
            [field2] "+r"(field2), "+r"(left)
          :
          : "q0", "q1", "q2", "memory");
    *pair = weights;
    return to;
}

void smelt_gemm_three_s8__arm_mve(int8_t *output, const int8_t *const fields[SMELT_GEMM_FIELDS], int32_t count,
                                  int32_t *sums, const struct smelt_gemm_s8__arm_mve *gemm) {
    const int32_t *pair = gemm->pairs, *record = gemm->channels.records;
    for (int32_t first = 0; first < gemm->count; first += 16) {
        const int32_t left = gemm->count - first, width = left < 16 ? left : 16;
        for (int32_t *next = sums; next < sums + width;) {
            next = pair_sums(next, &pair, fields, gemm->depth);
        }
        for (int32_t i = 0; i < count; i++) {
            /* Every fourth sum; vld4 would go through a copy on the stack. */
            const int32_t *const field = sums + 16 * i;
            const uint32x4_t fourths = vidupq_n_u32(0, 4);
            smelt_requantize_16__arm_mve(output + i * gemm->count + first,
                                         vldrwq_gather_shifted_offset_s32(field, fourths),
                                         vldrwq_gather_shifted_offset_s32(field + 1, fourths),
                                         vldrwq_gather_shifted_offset_s32(field + 2, fourths),
                                         vldrwq_gather_shifted_offset_s32(field + 3, fourths), record,
                                         &gemm->channels, width);
        }
        record += gemm->channels.record_step;
    }
}
