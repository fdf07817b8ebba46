#include "interpreted_argument.h"

enum { AXES = 4 };

enum smelt_status smelt_read_argument(struct smelt_node *node, enum smelt_type type, struct smelt_argument *t) {
    struct smelt_tensor chosen;
    enum smelt_status status;
    if ((status = smelt_node_input(node, 0, type, &t->x)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, SMELT_S32, &chosen)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, SMELT_ANY, &t->y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  chosen.data != NULL && chosen.elements == 1 && t->x.rank <= AXES && t->x.elements > 0 &&
                      (t->y.type == SMELT_S32 || t->y.type == SMELT_S64),
                  "the axis must be constant, the input of at most four dimensions, the output int32 or int64");
    int32_t axis = ((const int32_t *)chosen.data)[0];
    axis += axis < 0 ? t->x.rank : 0;
    SMELT_REQUIRE(node, axis >= 0 && axis < t->x.rank, "there is no such axis");
    t->outer = t->inner = 1;
    axis += AXES - t->x.rank;
    for (int32_t k = 0; k < AXES; k++) {
        t->outer *= k < axis ? t->x.shape[k] : 1;
        t->inner *= k > axis ? t->x.shape[k] : 1;
    }
    t->count = t->x.shape[axis];
    t->words = t->y.type == SMELT_S64 ? 2 : 1;
    SMELT_REQUIRE(node, t->y.elements == t->outer * t->inner, "the output has not the shape that is left");
    return SMELT_OK;
}
