#include "interpreted_pool_2d.h"
#include "pooling__arm_dsp.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_average_pool_2d_s8_parameters p;
    struct smelt_pool pool;
    const enum smelt_status status = smelt_read_pool_s8(node, &pool, &p);
    if (status != SMELT_OK || !smelt_ready(node)) {
        return status;
    }
    const struct smelt_max_pool_2d_s8_parameters largest = {
        p.batches,       p.input_height, p.input_width,   p.channels,     p.output_height, p.output_width, p.filter_height,
        p.filter_width,  p.stride_height, p.stride_width, p.pad_top,      p.pad_left,      p.low,          p.high};
    (p.channels >= SMELT_POOL_FOUR ? smelt_max_pool_2d_s8__arm_dsp : smelt_max_pool_2d_s8)(pool.y.data, pool.x.data, &largest);
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_max_pool_2d_s8 = {SMELT_CODE_MAX_POOL_2D, SMELT_S8, run};
