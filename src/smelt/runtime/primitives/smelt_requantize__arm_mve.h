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
    int32_t record_step; /* words to the next record; 0 where one serves all */
    int32_t exact;       /* 0: no left shifts, and no difference is left of ties that go the other way */
    int32_t zero_point;  /* of the output, as are: */
    int8_t low, high;
};

/* The channels k, k + 4, k + 8, k + 12 of a record: in place, q and p are overwritten. Compilers keep these few
 * instructions together only as assembly. vqrdmulh is the high multiplication of TensorFlow Lite Micro. */
#define SMELT_SCALE_ARM_MVE(sums, k)                                                                    \
    "vldrw.32 %q[q], [%[record], #16*" #k "]\n\t"                                                       \
    "vqrdmulh.s32 " sums ", " sums ", %q[q]\n\t"                                                        \
    "vldrw.32 %q[q], [%[record], #64+16*" #k "]\n\t"                                                    \
    "vrshl.s32 " sums ", " sums ", %q[q]\n\t"

/* With left shifts before, and one less for negative values that are shifted right: vrshl rounds ties up, the
 * meaning is away from zero. */
#define SMELT_SCALE_EXACTLY_ARM_MVE(sums, k)                                                            \
    "vldrw.32 %q[q], [%[record], #128+16*" #k "]\n\t"                                                   \
    "vshl.s32 " sums ", " sums ", %q[q]\n\t"                                                            \
    "vldrw.32 %q[q], [%[record], #16*" #k "]\n\t"                                                       \
    "vqrdmulh.s32 " sums ", " sums ", %q[q]\n\t"                                                        \
    "vldrw.32 %q[q], [%[record], #64+16*" #k "]\n\t"                                                    \
    "vand %q[p], " sums ", %q[q]\n\t"                                                                   \
    "vshr.s32 %q[p], %q[p], #31\n\t"                                                                    \
    "vqadd.s32 " sums ", " sums ", %q[p]\n\t"                                                           \
    "vrshl.s32 " sums ", " sums ", %q[q]\n\t"

/* Then 16-bit values of even channels in `values` and of odd ones in sums1, then all as bytes in `values`. */
#define SMELT_REQUANTIZE_16_ARM_MVE(scale)                                                              \
    __asm(scale("%q[sums0]", 0) scale("%q[sums1]", 1) scale("%q[sums2]", 2) scale("%q[sums3]", 3)       \
          "vqmovnb.s32 %q[p], %q[sums0]\n\t"                                                            \
          "vqmovnt.s32 %q[p], %q[sums2]\n\t"                                                            \
          "vqmovnb.s32 %q[sums1], %q[sums1]\n\t"                                                        \
          "vqmovnt.s32 %q[sums1], %q[sums3]\n\t"                                                        \
          "vqadd.s16 %q[p], %q[p], %[zero_point]\n\t"                                                   \
          "vqadd.s16 %q[sums1], %q[sums1], %[zero_point]\n\t"                                           \
          "vqmovnb.s16 %q[p], %q[p]\n\t"                                                                \
          "vqmovnt.s16 %q[p], %q[sums1]\n\t"                                                            \
          "vdup.8 %q[q], %[low]\n\t"                                                                    \
          "vmax.s8 %q[p], %q[p], %q[q]\n\t"                                                             \
          "vdup.8 %q[q], %[high]\n\t"                                                                   \
          "vmin.s8 %q[p], %q[p], %q[q]"                                                                 \
          : [sums0] "+w"(sums0), [sums1] "+w"(sums1), [sums2] "+w"(sums2), [sums3] "+w"(sums3),         \
            [q] "=&w"(q), [p] "=&w"(values)                                                             \
          : [record] "r"(record), [zero_point] "r"(channels->zero_point), [low] "r"(channels->low),     \
            [high] "r"(channels->high)                                                                  \
          : "memory")

/* The values of `count` channels (1 .. 16, more count as 16); sums_k holds the channels k, k + 4, k + 8, k + 12. */
static inline void smelt_requantize_16__arm_mve(int8_t *output, int32x4_t sums0, int32x4_t sums1, int32x4_t sums2,
                                                int32x4_t sums3, const int32_t *record,
                                                const struct smelt_channels_s8__arm_mve *channels, int32_t count) {
    int32x4_t q;
    int8x16_t values;
    if (channels->exact) {
        SMELT_REQUANTIZE_16_ARM_MVE(SMELT_SCALE_EXACTLY_ARM_MVE);
    } else {
        SMELT_REQUANTIZE_16_ARM_MVE(SMELT_SCALE_ARM_MVE);
    }
    vstrbq_p_s8(output, values, vctp8q((uint32_t)count));
}

#endif
