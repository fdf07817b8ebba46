/* One field times four channels at a time: 64 products by 9 vector instructions. */
#include "smelt_gemm_s8__arm_mve.h"

/* Two pairs of channels: sums[0 .. 3]. */
static inline void quad_sums(int32_t *sums, const int32_t *pair, const int32_t *next, const int8_t *field,
                             int32_t depth) {
    int32_t a = pair[0], b = pair[1], c = next[0], d = next[1];
    pair += 2;
    next += 2;
    /* q0: sixteen values of the field; q1: sixteen weights. Sums need even registers (Te). */
    __asm("dlstp.8 lr, %[depth]\n"
          "1:\n\t"
          "vldrb.8 q0, [%[field]], #16\n\t"
          "vldrb.8 q1, [%[pair]], #16\n\t"
          "vmladava.s8 %[a], q0, q1\n\t"
          "vldrb.8 q1, [%[pair]], #16\n\t"
          "vmladava.s8 %[b], q0, q1\n\t"
          "vldrb.8 q1, [%[next]], #16\n\t"
          "vmladava.s8 %[c], q0, q1\n\t"
          "vldrb.8 q1, [%[next]], #16\n\t"
          "vmladava.s8 %[d], q0, q1\n\t"
          "letp lr, 1b"
          : [a] "+Te"(a), [b] "+Te"(b), [c] "+Te"(c), [d] "+Te"(d), [pair] "+r"(pair), [next] "+r"(next),
            [field] "+r"(field)
          : [depth] "r"(depth)
          : "lr", "q0", "q1", "memory");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

void smelt_gemm_one_s8__arm_mve(int8_t *output, const int8_t *field, const struct smelt_gemm_s8__arm_mve *gemm) {
    const int32_t pair_words = 2 + (gemm->depth + 15) / 16 * 8;
    const int32_t *pair = gemm->pairs, *record = gemm->channels.records;
    for (int32_t first = 0; first < gemm->count; first += 16) {
        const int32_t left = gemm->count - first, width = left < 16 ? left : 16;
        int32_t sums[16];
        for (int32_t i = 0; i < width; i += 4) {
            /* A pair without a partner is computed twice. */
            const int32_t step = width - i > 2 ? pair_words : 0;
            quad_sums(sums + i, pair, pair + step, field, gemm->depth);
            pair += pair_words + step;
        }
        const int32x4x4_t quarters = vld4q_s32(sums);
        smelt_requantize_16__arm_mve(output + first, quarters.val[0], quarters.val[1], quarters.val[2],
                                     quarters.val[3], record, &gemm->channels, width);
        record += gemm->channels.record_step;
    }
}
