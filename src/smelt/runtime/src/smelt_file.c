/* Sizes are below 2^31, so that the sum of two positions inside does not overflow.
 * Source of the format: "FlatBuffer Internals" of the FlatBuffers documentation. */
#include "smelt_file.h"

static uint32_t half_word(const struct smelt_file *file, uint32_t at) {
    uint16_t half;
    memcpy(&half, file->bytes + at, sizeof half);
    return half;
}

static uint32_t inside(struct smelt_file *file, uint32_t at, uint32_t bytes) {
    if (at <= file->size && bytes <= file->size - at) {
        return at;
    }
    file->damaged = 1;
    return 0;
}

/* What the offset at `at` leads to; its first word is inside. */
static uint32_t follow(struct smelt_file *file, uint32_t at) {
    const uint32_t offset = smelt_file_word(file, at);
    return inside(file, offset < file->size ? at + offset : file->size, 4);
}

uint32_t smelt_file_root(struct smelt_file *file) {
    return inside(file, 0, 8) == 0 && file->damaged ? 0 : follow(file, 0);
}

uint32_t smelt_file_field(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t bytes) {
    if (table == 0) {
        return 0;
    }
    const uint32_t fields = table - smelt_file_word(file, table), entry = fields + 4 + 2 * slot;
    if (fields <= file->size - 4) {
        const uint32_t end = fields + half_word(file, fields);
        if (entry + 2 > end) {
            return 0;
        }
        if (end <= file->size) {
            const uint32_t offset = half_word(file, entry);
            if (offset == 0) {
                return 0;
            }
            if (table + offset <= file->size - bytes) {
                return table + offset;
            }
        }
    }
    file->damaged = 1;
    return 0;
}

uint32_t smelt_file_table(struct smelt_file *file, uint32_t table, uint32_t slot) {
    const uint32_t at = smelt_file_field(file, table, slot, 4);
    return at == 0 ? 0 : follow(file, at);
}

uint32_t smelt_file_element(struct smelt_file *file, struct smelt_vector tables, uint32_t index) {
    if (index < tables.count) {
        return follow(file, tables.at + 4 * index);
    }
    file->damaged = 1;
    return 0;
}

struct smelt_vector smelt_file_vector(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t bytes) {
    struct smelt_vector vector = {smelt_file_table(file, table, slot), 0};
    if (vector.at != 0) {
        const uint32_t count = smelt_file_word(file, vector.at);
        vector.at += 4;
        if (count <= (file->size - vector.at) / bytes) {
            vector.count = count;
        } else {
            file->damaged = 1;
        }
    }
    return vector;
}

uint32_t smelt_file_u32(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t absent) {
    const uint32_t at = smelt_file_field(file, table, slot, 4);
    return at == 0 ? absent : smelt_file_word(file, at);
}

uint32_t smelt_file_u8(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t absent) {
    const uint32_t at = smelt_file_field(file, table, slot, 1);
    return at == 0 ? absent : file->bytes[at];
}
