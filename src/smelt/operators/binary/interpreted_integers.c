#include "interpreted_walk.h"
#include "smelt_integer_binary.h"
#include "smelt_interpreter_operators.h"

enum { NO_OPTIONS = 0, FUSES_ACTIVATION = 1, COMPARES = 2, OPTION_ACTIVATION = 0 };

static int are_alike(const struct smelt_tensor *a, const struct smelt_tensor *b) {
    return a->scale_bits == b->scale_bits && a->zero_point == b->zero_point;
}

/* Of integers as they are: those that stand for real numbers must do so alike. */
static enum smelt_status integers(struct smelt_node *node, enum smelt_type type, int32_t bytes,
                                  enum smelt_integer_operation operation, int32_t kind) {
    struct smelt_operands t;
    const int compares = kind == COMPARES;
    const enum smelt_status status = smelt_read_operands(node, type, compares ? SMELT_BOOL : type, &t);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  are_alike(&t.a, &t.b) && (compares || are_alike(&t.a, &t.y)) &&
                      (kind != FUSES_ACTIVATION ||
                       smelt_file_u8(&node->interpreter->file, node->options, OPTION_ACTIVATION, 0) == 0),
                  "the scales of integers must be equal, and there is no fused activation");
    const struct smelt_integer_binary_parameters p = {
        (int32_t)operation, bytes, type != SMELT_U8 && type != SMELT_BOOL, compares ? 1 : bytes, t.walk.count, t.walk.step_a,
        t.walk.step_b, t.walk.table};
    if (smelt_ready(node)) {
        smelt_integer_binary(t.y.data, t.a.data, t.b.data, &p);
    }
    return SMELT_OK;
}

#define INTEGERS(name, suffix, code, type, bytes, operation, kind)            \
    static enum smelt_status run_##name##_##suffix(struct smelt_node *node) { \
        return integers(node, type, bytes, operation, kind);                  \
    }                                                                         \
    const struct smelt_registration smelt_operator_##name##_##suffix = {code, type, run_##name##_##suffix};

INTEGERS(add, s32, SMELT_CODE_ADD, SMELT_S32, 4, SMELT_INTEGER_ADD, FUSES_ACTIVATION)
INTEGERS(sub, s32, SMELT_CODE_SUB, SMELT_S32, 4, SMELT_INTEGER_SUB, FUSES_ACTIVATION)
INTEGERS(mul, s32, SMELT_CODE_MUL, SMELT_S32, 4, SMELT_INTEGER_MUL, FUSES_ACTIVATION)
INTEGERS(div, s32, SMELT_CODE_DIV, SMELT_S32, 4, SMELT_INTEGER_DIV, FUSES_ACTIVATION)
INTEGERS(add, s64, SMELT_CODE_ADD, SMELT_S64, 8, SMELT_INTEGER_ADD, FUSES_ACTIVATION)
INTEGERS(sub, s64, SMELT_CODE_SUB, SMELT_S64, 8, SMELT_INTEGER_SUB, FUSES_ACTIVATION)
INTEGERS(mul, s64, SMELT_CODE_MUL, SMELT_S64, 8, SMELT_INTEGER_MUL, FUSES_ACTIVATION)
INTEGERS(floor_div, s32, SMELT_CODE_FLOOR_DIV, SMELT_S32, 4, SMELT_INTEGER_FLOOR_DIV, NO_OPTIONS)
INTEGERS(floor_mod, s32, SMELT_CODE_FLOOR_MOD, SMELT_S32, 4, SMELT_INTEGER_FLOOR_MOD, NO_OPTIONS)
INTEGERS(maximum, s8, SMELT_CODE_MAXIMUM, SMELT_S8, 1, SMELT_INTEGER_MAXIMUM, NO_OPTIONS)
INTEGERS(maximum, s16, SMELT_CODE_MAXIMUM, SMELT_S16, 2, SMELT_INTEGER_MAXIMUM, NO_OPTIONS)
INTEGERS(maximum, s32, SMELT_CODE_MAXIMUM, SMELT_S32, 4, SMELT_INTEGER_MAXIMUM, NO_OPTIONS)
INTEGERS(maximum, s64, SMELT_CODE_MAXIMUM, SMELT_S64, 8, SMELT_INTEGER_MAXIMUM, NO_OPTIONS)
INTEGERS(maximum, u8, SMELT_CODE_MAXIMUM, SMELT_U8, 1, SMELT_INTEGER_MAXIMUM, NO_OPTIONS)
INTEGERS(minimum, s8, SMELT_CODE_MINIMUM, SMELT_S8, 1, SMELT_INTEGER_MINIMUM, NO_OPTIONS)
INTEGERS(minimum, s16, SMELT_CODE_MINIMUM, SMELT_S16, 2, SMELT_INTEGER_MINIMUM, NO_OPTIONS)
INTEGERS(minimum, s32, SMELT_CODE_MINIMUM, SMELT_S32, 4, SMELT_INTEGER_MINIMUM, NO_OPTIONS)
INTEGERS(minimum, s64, SMELT_CODE_MINIMUM, SMELT_S64, 8, SMELT_INTEGER_MINIMUM, NO_OPTIONS)
INTEGERS(minimum, u8, SMELT_CODE_MINIMUM, SMELT_U8, 1, SMELT_INTEGER_MINIMUM, NO_OPTIONS)
INTEGERS(equal, s32, SMELT_CODE_EQUAL, SMELT_S32, 4, SMELT_INTEGER_EQUAL, COMPARES)
INTEGERS(equal, s64, SMELT_CODE_EQUAL, SMELT_S64, 8, SMELT_INTEGER_EQUAL, COMPARES)
INTEGERS(not_equal, s32, SMELT_CODE_NOT_EQUAL, SMELT_S32, 4, SMELT_INTEGER_NOT_EQUAL, COMPARES)
INTEGERS(not_equal, s64, SMELT_CODE_NOT_EQUAL, SMELT_S64, 8, SMELT_INTEGER_NOT_EQUAL, COMPARES)
INTEGERS(less, s32, SMELT_CODE_LESS, SMELT_S32, 4, SMELT_INTEGER_LESS, COMPARES)
INTEGERS(less, s64, SMELT_CODE_LESS, SMELT_S64, 8, SMELT_INTEGER_LESS, COMPARES)
INTEGERS(less_equal, s32, SMELT_CODE_LESS_EQUAL, SMELT_S32, 4, SMELT_INTEGER_LESS_EQUAL, COMPARES)
INTEGERS(less_equal, s64, SMELT_CODE_LESS_EQUAL, SMELT_S64, 8, SMELT_INTEGER_LESS_EQUAL, COMPARES)
INTEGERS(greater, s32, SMELT_CODE_GREATER, SMELT_S32, 4, SMELT_INTEGER_GREATER, COMPARES)
INTEGERS(greater, s64, SMELT_CODE_GREATER, SMELT_S64, 8, SMELT_INTEGER_GREATER, COMPARES)
INTEGERS(greater_equal, s32, SMELT_CODE_GREATER_EQUAL, SMELT_S32, 4, SMELT_INTEGER_GREATER_EQUAL, COMPARES)
INTEGERS(greater_equal, s64, SMELT_CODE_GREATER_EQUAL, SMELT_S64, 8, SMELT_INTEGER_GREATER_EQUAL, COMPARES)
INTEGERS(equal, bool, SMELT_CODE_EQUAL, SMELT_BOOL, 1, SMELT_INTEGER_EQUAL, COMPARES)
INTEGERS(not_equal, bool, SMELT_CODE_NOT_EQUAL, SMELT_BOOL, 1, SMELT_INTEGER_NOT_EQUAL, COMPARES)
