/* svdf_walk.h for int8 data; sums are modulo 2^32. The file that includes this defines SMELT_STATE, SMELT_LOWEST and
 * SMELT_HIGHEST. */
#include "smelt_requantize.h"

/* Requantized to at most 2^30, so that a zero point can be added. */
SMELT_CODE_SECTION
static inline int32_t smelt_limited(int32_t sum, int32_t mantissa, int32_t shift) {
    enum { MOST = 1 << 30 };
    return smelt_clamp(smelt_requantize(sum, mantissa, shift), -MOST, MOST);
}

#define SMELT_DATA int8_t
#define SMELT_SUM int32_t
#define SMELT_PARAMETERS struct smelt_svdf_s8_parameters
#define SMELT_MODULO(sum, product) ((int32_t)((uint32_t)(sum) + (uint32_t)(product)))
#define SMELT_ADD(sum, x, w) SMELT_MODULO(sum, ((x) - p->input_zero_point) * (w))
#define SMELT_ADD_STATE(sum, x, w) SMELT_MODULO(sum, (uint32_t)((x) - p->state_zero_point) * (uint32_t)(w))
#define SMELT_KEPT(sum)                                                                                              \
    ((SMELT_STATE)smelt_clamp(smelt_limited(sum, p->state_mantissa, p->state_shift) + p->state_zero_point, SMELT_LOWEST, \
                              SMELT_HIGHEST))
#define SMELT_ZERO ((SMELT_STATE)p->state_zero_point)
#define SMELT_BIAS(unit) (p->bias == NULL ? 0 : p->bias[unit])
#define SMELT_RESULT(sum) \
    ((int8_t)smelt_clamp(smelt_limited(sum, p->mantissa, p->shift) + p->zero_point, INT8_MIN, INT8_MAX))
#include "svdf_walk.h"
