#include "smelt_exponential.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"
#include "smelt_requantize.h"
#include "softmax.h"

enum { OPTION_BETA = 0, OUTPUT_SCALE = 0x3B800000, TABLE = 256, UNKNOWN = -1, LARGEST_DEPTH = 8191 };

/* Fill what a row needs of the table of exponentials. */
static void fill(int32_t *table, const int8_t *row, const struct smelt_softmax_s8_parameters *p,
                 struct smelt_multiplier multiplier) {
    int32_t largest = -128;
    for (int32_t i = 0; i < p->depth; i++) {
        largest = row[i] > largest ? row[i] : largest;
    }
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t distance = largest - row[i];
        if (distance < p->length && table[distance] == UNKNOWN) {
            const int32_t x = smelt_high_mul((int32_t)((uint32_t)-distance << multiplier.shift), multiplier.mantissa);
            table[distance] = distance == 0 ? INT32_MAX : smelt_exponential(x, 5);
        }
    }
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_softmax_s8_parameters p = {1, 0, TABLE, NULL};
    struct smelt_tensor x, y;
    struct smelt_multiplier multiplier;
    const enum smelt_status status = smelt_node_unary(node, SMELT_S8, SMELT_S8, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const uint32_t beta = smelt_file_u32(&node->interpreter->file, node->options, OPTION_BETA, 0);
    const int32_t depth = x.shape[3];
    SMELT_REQUIRE(node,
                  x.elements == y.elements && x.rank > 0 && depth > 0 && depth <= LARGEST_DEPTH &&
                      y.scale_bits == OUTPUT_SCALE && y.zero_point == -128,
                  "softmax keeps the shape, has rows of at most 8191 elements and an output of scale 1/256");
    /* times 2^26, and at least 1, which is a shift of 1 */
    SMELT_REQUIRE(node,
                  smelt_derive_multiplier(&multiplier, beta, x.scale_bits, SMELT_ONE - (26u << 23), 0) == 0 &&
                      multiplier.shift > 0,
                  "beta times the scale of the input is too small or too large");
    const uint32_t steps = (31u << 26) >> multiplier.shift;
    int32_t *const table = smelt_scratch(node, 4 * TABLE);
    if (!smelt_ready(node)) {
        return SMELT_OK;
    }
    p.depth = (uint16_t)depth;
    p.length = (uint16_t)(steps < TABLE - 1 ? steps + 1 : TABLE);
    p.exponentials = table;
    for (int32_t k = 0; k < TABLE; k++) {
        table[k] = UNKNOWN;
    }
    for (int32_t at = 0; at < x.elements; at += depth) {
        fill(table, (const int8_t *)x.data + at, &p, multiplier);
        smelt_softmax_s8((int8_t *)y.data + at, (const int8_t *)x.data + at, &p);
    }
    return SMELT_OK;
}

const struct smelt_registration smelt_operator_softmax_s8 = {SMELT_CODE_SOFTMAX, SMELT_S8, run};
