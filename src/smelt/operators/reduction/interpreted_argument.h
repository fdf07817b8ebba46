/* What arg_max and arg_min share: input 1 has the axis, constant. */
#ifndef SMELT_INTERPRETED_ARGUMENT_H
#define SMELT_INTERPRETED_ARGUMENT_H

#include "reduction.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

struct smelt_argument {
    struct smelt_tensor x, y;
    int32_t outer, count, inner, words;
};

enum smelt_status smelt_read_argument(struct smelt_node *node, enum smelt_type type, struct smelt_argument *argument);

#define SMELT_INTERPRETED_ARGUMENT(name, suffix, code, type)                                         \
    static enum smelt_status run(struct smelt_node *node) {                                          \
        struct smelt_argument t;                                                                     \
        const enum smelt_status status = smelt_read_argument(node, type, &t);                        \
        if (status == SMELT_OK && smelt_ready(node)) {                                               \
            smelt_##name##_##suffix(t.y.data, t.x.data, t.outer, t.count, t.inner, t.words);         \
        }                                                                                            \
        return status;                                                                               \
    }                                                                                                \
    const struct smelt_registration smelt_operator_##name##_##suffix = {code, type, run};

#endif
