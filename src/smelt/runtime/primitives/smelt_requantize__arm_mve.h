/* Requantization with Helium vectors, bit for bit as smelt_requantize.h does it. */
#ifndef SMELT_REQUANTIZE_ARM_MVE_H
#define SMELT_REQUANTIZE_ARM_MVE_H

#include <arm_mve.h>
#include <stdint.h>

/* How sums become the values of channels. Sixteen channels have a record of three (else two) times sixteen words:
 * mantissas, negated right shifts and, when `exact`, left shifts; channels in the order 0 4 8 12, 1 5 9 13, 2 6 10
 * 14, 3 7 11 15. */
struct smelt_channels_s8__arm_mve {
    const int32_t *records;
    int32_t exact;       /* 0: no left shifts, and no difference is left of ties that go the other way */
    int32_t zero_points; /* that of the output, twice, in 16 bits each */
    int8_t low, high;    /* bounds of the output */
};

static inline int32x4_t smelt_scaled_exactly__arm_mve(int32x4_t sums, const int32_t *record) {
    const int32x4_t shifts = vldrwq_s32(record + 16);
    const int32x4_t product =
        vqrdmulhq_s32(vshlq_s32(sums, vldrwq_s32(record + 32)), vldrwq_s32(record));
    /* One less for negative values that are shifted: vrshl rounds ties up, the meaning is away from zero. */
    const int32x4_t less = vshrq_n_s32(vandq_s32(product, shifts), 31);
    return vrshlq_s32(vqaddq_s32(product, less), shifts);
}

static inline int32x4_t smelt_scaled__arm_mve(int32x4_t sums, const int32_t *record) {
    return vrshlq_s32(vqrdmulhq_s32(sums, vldrwq_s32(record)), vldrwq_s32(record + 16));
}

/* The values of `count` channels (1 .. 16); sums.val[k] holds the channels k, k + 4, k + 8, k + 12. */
static inline void smelt_requantize_16__arm_mve(int8_t *output, int32x4x4_t sums, const int32_t *record,
                                                const struct smelt_channels_s8__arm_mve *channels, uint32_t count) {
    int32x4_t scaled0, scaled1, scaled2, scaled3;
    if (channels->exact) {
        scaled0 = smelt_scaled_exactly__arm_mve(sums.val[0], record);
        scaled1 = smelt_scaled_exactly__arm_mve(sums.val[1], record + 4);
        scaled2 = smelt_scaled_exactly__arm_mve(sums.val[2], record + 8);
        scaled3 = smelt_scaled_exactly__arm_mve(sums.val[3], record + 12);
    } else {
        scaled0 = smelt_scaled__arm_mve(sums.val[0], record);
        scaled1 = smelt_scaled__arm_mve(sums.val[1], record + 4);
        scaled2 = smelt_scaled__arm_mve(sums.val[2], record + 8);
        scaled3 = smelt_scaled__arm_mve(sums.val[3], record + 12);
    }
    int16x8_t even = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(scaled0), scaled0), scaled2);
    int16x8_t odd = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(scaled1), scaled1), scaled3);
    const int16x8_t zero_points = vreinterpretq_s16_s32(vdupq_n_s32(channels->zero_points));
    even = vqaddq_s16(even, zero_points);
    odd = vqaddq_s16(odd, zero_points);
    int8x16_t values = vqmovntq_s16(vqmovnbq_s16(vreinterpretq_s8_s16(even), even), odd);
    values = vminq_s8(vmaxq_s8(values, vdupq_n_s8(channels->low)), vdupq_n_s8(channels->high));
    vstrbq_p_s8(output, values, vctp8q(count));
}

#endif
