/* Real data that meet int8 weights. */
#include "smelt_narrow_f32.h"
#include "smelt_node.h"

enum { MOST_PRODUCTS = 65535 };

enum smelt_status smelt_read_narrow(struct smelt_node *node, const struct smelt_tensor *w, int32_t channels, int32_t products,
                                    uint32_t activation, struct smelt_narrow_f32 *narrow) {
    const uint32_t count = w->scales.count;
    enum smelt_status status;
    SMELT_REQUIRE(node, w->type == SMELT_S8, "this type is not supported here");
    SMELT_REQUIRE(node, w->zero_point == 0 && products <= MOST_PRODUCTS && (count == 1 || count == (uint32_t)channels),
                  "int8 weights must be symmetric, with one scale or one a channel, at most 65535 in a sum");
    if ((status = smelt_real_bias(node, channels, &narrow->bias)) != SMELT_OK ||
        (status = smelt_real_bounds(node, activation, &narrow->low, &narrow->high)) != SMELT_OK) {
        return status;
    }
    float *const scales = smelt_scratch(node, 4 * count);
    if (smelt_ready(node)) {
        memcpy(scales, node->interpreter->file.bytes + w->scales.at, 4 * (size_t)count);
    }
    narrow->scales = scales;
    narrow->step = count != 1;
    return SMELT_OK;
}
