#include "interpreted_pool_2d.h"
#include "smelt_interpreter_operators.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_pool_2d_f32_parameters p;
    struct smelt_pool pool;
    const enum smelt_status status = smelt_read_pool_f32(node, &pool, &p);
    if (status == SMELT_OK && smelt_ready(node)) {
        smelt_average_pool_2d_f32(pool.y.data, pool.x.data, &p);
    }
    return status;
}

const struct smelt_registration smelt_operator_average_pool_2d_f32 = {SMELT_CODE_AVERAGE_POOL_2D, SMELT_F32, run};
