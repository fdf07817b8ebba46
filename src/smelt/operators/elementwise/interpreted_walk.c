#include "interpreted_walk.h"

enum { AXES = 4, ROW = 3, LOOPS = 3 };

/* Neighbouring dimensions that both inputs walk alike, as one. */
struct blocks {
    int32_t extent[AXES];
    int32_t goes[AXES][2];
};

static int is_flat(const struct smelt_tensor *tensor) {
    int32_t elements = 1;
    for (int32_t axis = 0; axis < AXES && tensor->elements != 0; axis++) {
        elements *= tensor->shape[axis];
    }
    return tensor->elements == 0 || elements == tensor->elements;
}

static int find_blocks(const struct smelt_operands *t, struct blocks *blocks) {
    int32_t block = ROW;
    for (int32_t axis = AXES - 1; axis >= 0; axis--) {
        const int32_t size = t->y.shape[axis], size_a = t->a.shape[axis], size_b = t->b.shape[axis];
        const int32_t goes_a = size_a == size, goes_b = size_b == size;
        if ((!goes_a && size_a != 1) || (!goes_b && size_b != 1) || (!goes_a && !goes_b)) {
            return 0;
        }
        if (size == 1) {
            continue;
        }
        if (blocks->extent[block] != 1 && (goes_a != blocks->goes[block][0] || goes_b != blocks->goes[block][1])) {
            block--;
        }
        blocks->extent[block] *= size;
        blocks->goes[block][0] = goes_a;
        blocks->goes[block][1] = goes_b;
    }
    return 1;
}

/* The jumps of an input: when a loop ends, the next one out takes back what it has advanced. */
static void find_jumps(const struct blocks *blocks, int32_t input, int32_t *jumps) {
    int32_t passed = blocks->goes[ROW][input] ? blocks->extent[ROW] : 1, back = 0;
    for (int32_t loop = LOOPS - 1; loop >= 0; loop--) {
        const int32_t step = blocks->goes[loop][input] ? passed : 0;
        jumps[loop] = step - back;
        back = step * blocks->extent[loop];
        passed *= blocks->goes[loop][input] ? blocks->extent[loop] : 1;
    }
}

static int find_walk(struct smelt_operands *t) {
    struct smelt_walk *const walk = &t->walk;
    struct blocks blocks = {{1, 1, 1, 1}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}}};
    const int32_t count = t->y.elements, all_a = t->a.elements == count, all_b = t->b.elements == count;
    if ((all_a && (all_b || t->b.elements == 1)) || (all_b && t->a.elements == 1)) {
        blocks.extent[ROW] = count;
        blocks.goes[ROW][0] = all_a;
        blocks.goes[ROW][1] = all_b;
    } else if (!is_flat(&t->a) || !is_flat(&t->b) || !is_flat(&t->y) || !find_blocks(t, &blocks)) {
        return 0;
    }
    walk->count = count == 0 ? 0 : blocks.extent[ROW];
    walk->step_a = blocks.goes[ROW][0];
    walk->step_b = blocks.goes[ROW][1];
    memcpy(walk->table, blocks.extent, sizeof(int32_t) * LOOPS);
    find_jumps(&blocks, 0, walk->table + LOOPS);
    find_jumps(&blocks, 1, walk->table + 2 * LOOPS);
    return 1;
}

enum smelt_status smelt_read_operands(struct smelt_node *node, enum smelt_type type, enum smelt_type result,
                                      struct smelt_operands *operands) {
    enum smelt_status status;
    if ((status = smelt_node_unary(node, type, result, &operands->a, &operands->y)) != SMELT_OK ||
        (status = smelt_node_input(node, 1, type, &operands->b)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, find_walk(operands), "the shapes must broadcast, in at most four dimensions");
    return SMELT_OK;
}
