/* Registers a reduction of plain numbers. */
#ifndef SMELT_INTERPRETED_REDUCTIONS_H
#define SMELT_INTERPRETED_REDUCTIONS_H

#include "interpreted_reduced.h"
#include "smelt_interpreter_operators.h"

#define SMELT_INTERPRETED_REDUCTION(name, suffix, code, type)                                                      \
    static enum smelt_status run(struct smelt_node *node) {                                                        \
        struct smelt_reduced t;                                                                                    \
        const enum smelt_status status = smelt_read_reduced(node, type, &t);                                       \
        if (status != SMELT_OK) {                                                                                  \
            return status;                                                                                         \
        }                                                                                                          \
        SMELT_REQUIRE(node, t.x.scale_bits == t.y.scale_bits && t.x.zero_point == t.y.zero_point,                  \
                      "input and output must have the same scale");                                                \
        if (smelt_ready(node)) {                                                                                   \
            smelt_##name##_##suffix(t.y.data, t.x.data, &t.loops);                                                 \
        }                                                                                                          \
        return SMELT_OK;                                                                                           \
    }                                                                                                              \
    const struct smelt_registration smelt_operator_##name##_##suffix = {code, type, run};

#endif
