/* The state's columns move by one step; products with features are the last; each unit is the sum over its filters.
 *
 * The file that includes this defines SMELT_DATA and SMELT_STATE, the types of elements of data and of state; SMELT_SUM, that
 * of sums; SMELT_PARAMETERS; and, of the parameters `p`: SMELT_ADD(sum, x, w) a product of data, SMELT_ADD_STATE(sum, x, w)
 * one of the state, SMELT_KEPT(sum) the state of a sum, SMELT_ZERO a state that counts as zero, SMELT_BIAS(unit) and
 * SMELT_RESULT(sum) an output. */
#include "svdf.h"

#include <stddef.h>

SMELT_CODE_SECTION
static SMELT_STATE smelt_feature(const SMELT_PARAMETERS *p, const SMELT_DATA *input, const SMELT_DATA *features) {
    SMELT_SUM sum = 0;
    for (int32_t k = 0; k < p->walk.inputs; k++) {
        sum = SMELT_ADD(sum, input[k], features[k]);
    }
    return SMELT_KEPT(sum);
}

SMELT_CODE_SECTION
static void smelt_walk(SMELT_DATA *output, const SMELT_DATA *input, const SMELT_DATA *features, const SMELT_STATE *time,
                       const SMELT_PARAMETERS *p, SMELT_STATE *state) {
    const struct smelt_svdf_walk *const walk = &p->walk;
    const int32_t last = walk->memory - 1, units = walk->filters / walk->rank;
    for (int32_t k = 0; walk->fresh && k < walk->batches * walk->filters * walk->memory; k++) {
        state[k] = SMELT_ZERO;
    }
    for (int32_t batch = 0; batch < walk->batches; batch++) {
        int32_t filter = 0;
        for (int32_t unit = 0; unit < units; unit++) {
            SMELT_SUM sum = SMELT_BIAS(unit);
            for (int32_t left = walk->rank; left > 0; left--, filter++) {
                for (int32_t k = 0; k < last; k++) {
                    state[k] = state[k + 1];
                    sum = SMELT_ADD_STATE(sum, state[k], time[filter * walk->memory + k]);
                }
                state[last] = smelt_feature(p, input, features + filter * walk->inputs);
                sum = SMELT_ADD_STATE(sum, state[last], time[filter * walk->memory + last]);
                state += walk->memory;
            }
            *output++ = SMELT_RESULT(sum);
        }
        input += walk->inputs;
    }
}
