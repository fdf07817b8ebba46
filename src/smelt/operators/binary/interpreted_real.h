/* The interpreter's functions of two real numbers. */
#ifndef SMELT_INTERPRETED_REAL_H
#define SMELT_INTERPRETED_REAL_H

#include "binary.h"
#include "interpreted_walk.h"
#include "smelt_interpreter_operators.h"

/* Registers smelt_<name>_<suffix>, without a fused activation. */
#define SMELT_INTERPRETED_BINARY(name, suffix, code, type, result)                                                       \
    static enum smelt_status run(struct smelt_node *node) {                                                              \
        struct smelt_operands t;                                                                                         \
        const enum smelt_status status = smelt_read_operands(node, type, result, &t);                                    \
        if (status == SMELT_OK && smelt_ready(node)) {                                                                   \
            smelt_##name##_##suffix(t.y.data, t.a.data, t.b.data, t.walk.count, t.walk.step_a, t.walk.step_b, t.walk.table); \
        }                                                                                                                \
        return status;                                                                                                   \
    }                                                                                                                    \
    const struct smelt_registration smelt_operator_##name##_##suffix = {code, type, run};

#endif
