#include "interpreted_arithmetic.h"
#include "smelt_interpreter_operators.h"

enum { LARGEST_DIVISOR = 30 };

static enum smelt_status sum(struct smelt_node *node, int32_t sign) {
    struct smelt_add_s8_parameters p;
    struct smelt_operands t;
    const enum smelt_status status = smelt_read_sum(node, SMELT_S8, sign, &t, &p);
    if (status != SMELT_OK || !smelt_ready(node)) {
        return status;
    }
    if (sign == 1 && smelt_is_one_row(&t) && p.divide_a <= LARGEST_DIVISOR && p.divide_b <= LARGEST_DIVISOR &&
        p.divide <= LARGEST_DIVISOR) {
        smelt_add_natural_s8(t.y.data, t.a.data, t.b.data, &p);
    } else {
        smelt_add_broadcast_s8(t.y.data, t.a.data, t.b.data, &p, t.walk.table);
    }
    return SMELT_OK;
}

static enum smelt_status run_add(struct smelt_node *node) {
    return sum(node, 1);
}

const struct smelt_registration smelt_operator_add_s8 = {SMELT_CODE_ADD, SMELT_S8, run_add};

static enum smelt_status run_sub(struct smelt_node *node) {
    return sum(node, -1);
}

const struct smelt_registration smelt_operator_sub_s8 = {SMELT_CODE_SUB, SMELT_S8, run_sub};
