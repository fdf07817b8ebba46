/* The interpreter's functions of one real number. */
#ifndef SMELT_INTERPRETED_UNARY_F32_H
#define SMELT_INTERPRETED_UNARY_F32_H

#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

typedef void smelt_unary_f32(float *output, const float *input, int32_t count);

enum smelt_status smelt_run_unary_f32(struct smelt_node *node, smelt_unary_f32 *kernel);

/* Registers smelt_<name>_f32. */
#define SMELT_INTERPRETED_UNARY_F32(name, code)                                      \
    static enum smelt_status run_##name(struct smelt_node *node) {                   \
        return smelt_run_unary_f32(node, smelt_##name##_f32);                        \
    }                                                                                \
    const struct smelt_registration smelt_operator_##name##_f32 = {code, SMELT_F32, run_##name};

#endif
