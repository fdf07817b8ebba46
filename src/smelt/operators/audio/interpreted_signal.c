/* Source of the format: "FlexBuffers" of the FlatBuffers documentation. A map is, from its middle on, values of equal width
 * and a byte with the type of each; before it is their number. The last bytes of a buffer are the root: how far the map lies
 * before that number, its type, and the number's width. */
#include "interpreted_signal.h"

enum { INTEGER = 1, UNSIGNED = 2, MAP = 9, BOOL = 26 };

static uint64_t number(const uint8_t *bytes, uint32_t width) {
    uint64_t value = 0;
    for (uint32_t k = width; k-- > 0;) {
        value = value << 8 | bytes[k];
    }
    return value;
}

enum smelt_status smelt_signal_option(struct smelt_node *node, uint32_t index, int32_t *value) {
    const struct smelt_vector options = smelt_custom_options(node);
    const uint8_t *const bytes = node->interpreter->file.bytes + options.at;
    *value = 0;
    if (options.count >= 4) {
        const uint32_t root = bytes[options.count - 1], kind = bytes[options.count - 2], width = 1u << (kind & 3);
        if (kind >> 2 == MAP && root <= 8 && root + 2 < options.count) {
            const uint32_t end = options.count - 2 - root;
            const uint64_t back = number(bytes + end, root);
            if (back <= end && end - back >= width) {
                const uint32_t map = end - (uint32_t)back;
                const uint64_t count = number(bytes + map - width, width);
                if (index < count && count <= back / (width + 1)) {
                    const uint32_t type = bytes[map + (uint32_t)count * width + index] >> 2;
                    const uint32_t found = (uint32_t)number(bytes + map + index * width, width);
                    const uint32_t sign = type == INTEGER && width < 4 ? 1u << (8 * width - 1) : 0;
                    *value = (int32_t)((found ^ sign) - sign);
                    if (type == INTEGER || type == UNSIGNED || type == BOOL) {
                        return SMELT_OK;
                    }
                }
            }
        }
    }
    return smelt_refuse(node, SMELT_MESSAGE("an option is missing or no whole number"));
}

enum smelt_status smelt_signal_shift(struct smelt_node *node, uint32_t index, int32_t most, int32_t *value) {
    const enum smelt_status status = smelt_signal_option(node, index, value);
    if (status == SMELT_OK) {
        SMELT_REQUIRE(node, *value >= 0 && *value <= most, "an option is outside its range");
    }
    return status;
}
