#include "interpreted_lookup.h"

#include "activation.h"

enum { TABLE = 256 };

enum smelt_status smelt_read_s8(struct smelt_node *node, struct smelt_tensor *x, struct smelt_tensor *y) {
    const enum smelt_status status = smelt_node_unary(node, SMELT_S8, SMELT_S8, x, y);
    if (status != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, x->elements == y->elements, "the number of elements must stay");
    return SMELT_OK;
}

enum smelt_status smelt_run_response_s8(struct smelt_node *node, const struct smelt_tensor *x, const struct smelt_tensor *y,
                                        smelt_response_s8 *response, const void *parameters) {
    const int at_invoke = (node->interpreter->setup.options & SMELT_MULTIPLIERS_AT_INVOKE) != 0;
    const int32_t count = y->elements;
    const int8_t *const input = x->data;
    int8_t *table = count < TABLE ? NULL : (at_invoke ? smelt_scratch : smelt_keep)(node, TABLE);
    if (table != NULL && (node->preparing || at_invoke)) {
        for (int32_t k = 0; k < TABLE; k++) {
            const int32_t value = (k ^ 128) - 128 - x->zero_point;
            table[k] = (int8_t)smelt_clamp(response(parameters, value) + y->zero_point, -128, 127);
        }
    }
    if (smelt_ready(node) && table != NULL) {
        smelt_lookup_s8(y->data, x->data, table, count);
    } else if (smelt_ready(node)) {
        int8_t *const output = y->data;
        for (int32_t k = 0; k < count; k++) {
            output[k] = (int8_t)smelt_clamp(response(parameters, input[k] - x->zero_point) + y->zero_point, -128, 127);
        }
    }
    return SMELT_OK;
}
