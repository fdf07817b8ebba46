/* Functions of two integers of any width, applied to tensors that broadcast: one body for the types that have no
 * kernel of their own. */
#ifndef SMELT_INTEGER_BINARY_H
#define SMELT_INTEGER_BINARY_H

#include <stdint.h>

#include "smelt_placement.h"

enum smelt_integer_operation {
    SMELT_INTEGER_ADD,
    SMELT_INTEGER_SUB,
    SMELT_INTEGER_MUL,
    SMELT_INTEGER_DIV,
    SMELT_INTEGER_FLOOR_DIV,
    SMELT_INTEGER_FLOOR_MOD,
    SMELT_INTEGER_TRUNCATED_MOD,
    SMELT_INTEGER_MAXIMUM,
    SMELT_INTEGER_MINIMUM,
    SMELT_INTEGER_POW,
    SMELT_INTEGER_AND,
    SMELT_INTEGER_OR,
    SMELT_INTEGER_XOR,
    SMELT_INTEGER_LEFT_SHIFT,
    SMELT_INTEGER_RIGHT_SHIFT,
    SMELT_INTEGER_EQUAL,
    SMELT_INTEGER_NOT_EQUAL,
    SMELT_INTEGER_LESS,
    SMELT_INTEGER_LESS_EQUAL,
    SMELT_INTEGER_GREATER,
    SMELT_INTEGER_GREATER_EQUAL
};

/* Division by 0 gives 0, shifts by the width or more 0 (or the sign), a negative power 0 unless of 1 and -1; results wrap. */
struct smelt_integer_binary_parameters {
    int32_t operation;
    int32_t bytes; /* of an operand: 1, 2, 4 or 8 */
    int32_t is_signed;
    int32_t result_bytes;   /* as `bytes`, or 1 */
    int32_t count;          /* outputs in a row */
    int32_t step_a, step_b; /* 0 or 1 element */
    const int32_t *table;   /* repeats the row (smelt_broadcast.h); NULL: there is one */
};

SMELT_CODE_SECTION
void smelt_integer_binary(void *output, const void *first, const void *second,
                          const struct smelt_integer_binary_parameters *parameters);

#endif
