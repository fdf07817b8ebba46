#include "smelt_records.h"

/* Of the tensors that live while a node runs. */
static uint32_t alive(const struct smelt_interpreter *interpreter, uint32_t node) {
    const struct smelt_record *const records = smelt_records(interpreter);
    uint32_t bytes = 0;
    for (uint32_t k = 0; k < interpreter->tensors.count; k++) {
        if (records[k].place < SMELT_NOWHERE && records[k].first <= node && node <= records[k].last) {
            bytes += smelt_aligned(records[k].bytes);
        }
    }
    return bytes;
}

struct smelt_arena_sections smelt_arena_use(const struct smelt_interpreter *interpreter) {
    struct smelt_arena_sections use = {interpreter->state_bytes, interpreter->kept_bytes, interpreter->planned_bytes, 0, 0};
    for (uint32_t node = 0; interpreter->status == SMELT_OK && node < interpreter->nodes.count; node++) {
        const uint32_t tensors = alive(interpreter, node);
        const uint32_t scratch = smelt_records(interpreter)[interpreter->tensors.count + node].bytes;
        use.tensors = tensors > use.tensors ? tensors : use.tensors;
        use.scratch = scratch > use.scratch ? scratch : use.scratch;
    }
    return use;
}

int smelt_find_arena_item(const struct smelt_interpreter *interpreter, uint32_t index, struct smelt_arena_item *item) {
    const uint32_t tensors = interpreter->tensors.count, nodes = interpreter->nodes.count;
    if (interpreter->status != SMELT_OK || index >= tensors + nodes) {
        return 0;
    }
    const struct smelt_record record = smelt_records(interpreter)[index];
    const int constant = record.place >= SMELT_CONSTANT, used = record.place != 0 && record.place != SMELT_NOWHERE;
    item->tensor = index < tensors ? (int32_t)index : -1;
    item->bytes = record.bytes;
    item->first = record.first != SMELT_NEVER ? record.first : 0;
    item->last = record.first != SMELT_NEVER ? record.last : nodes;
    item->place = constant ? SMELT_IN_FILE : !used ? SMELT_UNUSED : record.first == SMELT_NEVER ? SMELT_KEPT : SMELT_PLANNED;
    item->offset = constant ? record.place - SMELT_CONSTANT : record.place;
    if (item->place == SMELT_PLANNED && interpreter->setup.shared != NULL) {
        item->offset -= interpreter->state_bytes + interpreter->kept_bytes;
    }
    return 1;
}
