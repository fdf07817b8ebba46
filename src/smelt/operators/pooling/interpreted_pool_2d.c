#include "interpreted_pool_2d.h"

enum { OPTION_FILTER_WIDTH = 3, OPTION_FILTER_HEIGHT = 4, OPTION_ACTIVATION = 5 };

enum smelt_status smelt_read_pool(struct smelt_node *node, enum smelt_type type, struct smelt_pool *pool) {
    static const struct smelt_window_slots slots = {1, 2, 0, 0};
    struct smelt_file *const file = &node->interpreter->file;
    const int32_t height = (int32_t)smelt_file_u32(file, node->options, OPTION_FILTER_HEIGHT, 0);
    const int32_t width = (int32_t)smelt_file_u32(file, node->options, OPTION_FILTER_WIDTH, 0);
    enum smelt_status status;
    if ((status = smelt_node_unary(node, type, type, &pool->x, &pool->y)) != SMELT_OK ||
        (status = smelt_read_window(node, &slots, &pool->x, &pool->y, height, width, &pool->window)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node, pool->x.shape[3] == pool->y.shape[3] && height * width <= UINT16_MAX,
                  "channels must stay, and a window has less than 65536 elements");
    pool->activation = smelt_file_u8(file, node->options, OPTION_ACTIVATION, 0);
    return SMELT_OK;
}
