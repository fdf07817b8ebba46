/* Three fields times two channels at a time: 96 products by 11 vector instructions. */
#include "smelt_gemm_s8__arm_mve.h"

/* One pair of channels: sums[0, 1] of the first field, [16, 17] of the second, [32, 33] of the third.
 * Returns the next pair. */
static inline const int32_t *pair_sums(int32_t *sums, const int32_t *pair, const int8_t *field0,
                                       const int8_t *field1, const int8_t *field2, int32_t depth) {
    int32_t a0 = pair[0], b0 = pair[1];
    int32_t a1 = a0, b1 = b0, a2 = a0, b2 = b0;
    register int32_t left __asm("lr") = depth;
    pair += 2;
    /* q0, q1: sixteen weights of both channels; q2: sixteen values of a field. The loop's tail predication
     * reads nothing behind a field. Sums need even registers (Te); the depth is in lr, as registers are few. */
    __asm("dlstp.8 lr, lr\n"
          "1:\n\t"
          "vldrb.8 q0, [%[pair]], #16\n\t"
          "vldrb.8 q2, [%[field0]], #16\n\t"
          "vmladava.s8 %[a0], q0, q2\n\t"
          "vldrb.8 q1, [%[pair]], #16\n\t"
          "vmladava.s8 %[b0], q1, q2\n\t"
          "vldrb.8 q2, [%[field1]], #16\n\t"
          "vmladava.s8 %[a1], q0, q2\n\t"
          "vmladava.s8 %[b1], q1, q2\n\t"
          "vldrb.8 q2, [%[field2]], #16\n\t"
          "vmladava.s8 %[a2], q0, q2\n\t"
          "vmladava.s8 %[b2], q1, q2\n\t"
          "letp lr, 1b"
          : [a0] "+Te"(a0), [b0] "+Te"(b0), [a1] "+Te"(a1), [b1] "+Te"(b1), [a2] "+Te"(a2), [b2] "+Te"(b2),
            [pair] "+r"(pair), [field0] "+r"(field0), [field1] "+r"(field1), [field2] "+r"(field2), "+r"(left)
          :
          : "q0", "q1", "q2", "memory");
    sums[0] = a0;
    sums[1] = b0;
    sums[16] = a1;
    sums[17] = b1;
    sums[32] = a2;
    sums[33] = b2;
    return pair;
}

void smelt_gemm_three_s8__arm_mve(int8_t *output, const int8_t *const fields[SMELT_GEMM_FIELDS], int32_t count,
                                  const struct smelt_gemm_s8__arm_mve *gemm) {
    const int32_t *pair = gemm->pairs, *record = gemm->channels.records;
    for (int32_t first = 0; first < gemm->count; first += 16) {
        const int32_t left = gemm->count - first, width = left < 16 ? left : 16;
        int32_t sums[SMELT_GEMM_FIELDS * 16];
        for (int32_t i = 0; i < width; i += 2) {
            pair = pair_sums(sums + i, pair, fields[0], fields[1], fields[2], gemm->depth);
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
