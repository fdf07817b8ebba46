/* Lines of depthwise convolutions on Arm cores without a DSP extension (Armv6-M).
 *
 * A line of inputs becomes words P and Q for every position i, of the inputs i, i + stride and i + 2 * stride
 * (smelt_three_sums__arm_v6m.h): at every third output they make three neighbouring outputs at once. */
#ifndef SMELT_DEPTHWISE_S8_ARM_V6M_H
#define SMELT_DEPTHWISE_S8_ARM_V6M_H

#include <stdint.h>

#include "smelt_placement.h"

/* Where the next words go, `step` bytes apart, and the last two inputs. */
struct smelt_line_words__arm_v6m {
    uint32_t *to;
    int32_t step, before, last;
};

/* Append inputs, `step` bytes apart, until the words end at `end`. */
void smelt_append_words__arm_v6m(struct smelt_line_words__arm_v6m *words, const int8_t *from, int32_t step,
                                 const uint32_t *end);

/* Three neighbouring taps, and the bytes from the end of their words to those of the next chunk; the last one's may
 * lead anywhere in the lines. */
struct smelt_chunk__arm_v6m {
    int32_t weights[3];
    int32_t skip;
};

struct smelt_depthwise_line__arm_v6m {
    struct smelt_chunk__arm_v6m *chunks, *chunks_end; /* at least one */
    int32_t *sums_end; /* a multiple of three after the first */
    int32_t step;      /* bytes of words from three outputs to the next */
};

/* Sums of a line of outputs; `words` are those of the first output's first chunk. */
void smelt_depthwise_line_s8__arm_v6m(int32_t *sums, const uint32_t *words,
                                      const struct smelt_depthwise_line__arm_v6m *line);

#endif
