#include "interpreted_pool_2d.h"
#include "pooling__arm_dsp.h"
#include "smelt_interpreter_operators.h"

enum { RECIPROCAL_ONE = 1 << 24 };

/* ceil(2^24 / count) */
static uint32_t reciprocal(int32_t count) {
    return (uint32_t)(RECIPROCAL_ONE - 1) / (uint32_t)count + 1;
}

static int is_whole(const struct smelt_average_pool_2d_s8_parameters *p) {
    return p->output_height == 1 && p->output_width == 1 && p->filter_height == p->input_height &&
           p->filter_width == p->input_width;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_average_pool_2d_s8_parameters p;
    struct smelt_pool pool;
    const enum smelt_status status = smelt_read_pool_s8(node, &pool, &p);
    if (status != SMELT_OK) {
        return status;
    }
    const int32_t count = p.filter_height * p.filter_width;
    const int fast = p.channels >= SMELT_POOL_FOUR && count <= SMELT_POOL_FAST_ELEMENTS;
    uint32_t *const reciprocals = smelt_scratch(node, is_whole(&p) ? 0 : 4 * (uint32_t)count);
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    if (is_whole(&p) && p.batches <= UINT16_MAX && p.channels <= UINT16_MAX) {
        const struct smelt_average_all_s8_parameters all = {
            reciprocal(count), (uint16_t)p.batches, (uint16_t)count, (uint16_t)p.channels, (int8_t)p.low, (int8_t)p.high};
        (fast ? smelt_average_all_s8__arm_dsp : smelt_average_all_s8)(pool.y.data, pool.x.data, &all);
        return SMELT_OK;
    }
    for (int32_t k = 0; k < count; k++) {
        reciprocals[k] = reciprocal(count - k);
    }
    p.reciprocals = reciprocals;
    smelt_average_pool_2d_s8(pool.y.data, pool.x.data, &p);
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_average_pool_2d_s8 = {SMELT_CODE_AVERAGE_POOL_2D, SMELT_S8, run};
