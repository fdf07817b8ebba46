/* The argument of logistic and tanh. */
#ifndef SMELT_SIGMOID_S16_H
#define SMELT_SIGMOID_S16_H

#include "activation_s16.h"
#include "smelt_sigmoid.h"

SMELT_CODE_SECTION
static inline int32_t smelt_sigmoid_argument(const struct smelt_sigmoid_s16_parameters *parameters, int32_t input) {
    return (input * parameters->multiplier + (int32_t)((1u << parameters->shift) >> 1)) >> parameters->shift;
}

#endif
