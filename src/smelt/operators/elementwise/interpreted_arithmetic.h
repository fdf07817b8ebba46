/* What interpreted sums and products share. */
#ifndef SMELT_INTERPRETED_ARITHMETIC_H
#define SMELT_INTERPRETED_ARITHMETIC_H

#include "elementwise.h"
#include "interpreted_walk.h"

/* The operands and parameters of a + sign * b, and of a * b, of int8 or int16 values, which have no zero points. */
enum smelt_status smelt_read_sum(struct smelt_node *node, enum smelt_type type, int32_t sign, struct smelt_operands *t,
                                 struct smelt_add_s8_parameters *parameters);
enum smelt_status smelt_read_product(struct smelt_node *node, enum smelt_type type, struct smelt_operands *t,
                                     struct smelt_mul_s8_parameters *parameters);

/* The operands of float32, and the bounds of the fused activation. */
enum smelt_status smelt_read_real_operands(struct smelt_node *node, struct smelt_operands *t, float *low, float *high);

#endif
