#include "smelt_records.h"

#include <stddef.h>

enum { MOST_BYTES = 0x40000000 };

static struct smelt_record *largest(struct smelt_record *records, uint32_t count) {
    struct smelt_record *found = NULL;
    for (struct smelt_record *record = records; record < records + count; record++) {
        if (record->place == SMELT_NOWHERE && (found == NULL || record->bytes > found->bytes)) {
            found = record;
        }
    }
    return found;
}

/* The end of a placed record that is in the way of `record` at `place`, or `place` where none is. */
static uint32_t behind_others(const struct smelt_record *others, uint32_t count, const struct smelt_record *record,
                              uint32_t place) {
    for (const struct smelt_record *other = others; other < others + count; other++) {
        if (other->place < SMELT_NOWHERE && other->first <= record->last && record->first <= other->last &&
            other->place < place + record->bytes && place < other->place + other->bytes) {
            place = smelt_aligned(other->place + other->bytes);
        }
    }
    return place;
}

uint32_t smelt_plan(struct smelt_record *records, uint32_t count, uint32_t start) {
    uint32_t end = start;
    for (const struct smelt_record *record = records; record < records + count; record++) {
        if (record->first != SMELT_NEVER && record->place < SMELT_NOWHERE && record->place + record->bytes > end) {
            end = record->place + record->bytes;
        }
    }
    for (struct smelt_record *record; (record = largest(records, count)) != NULL;) {
        uint32_t place = start, next;
        while ((next = behind_others(records, count, record, place)) != place) {
            place = next;
        }
        if (place > MOST_BYTES) {
            return UINT32_MAX;
        }
        record->place = place;
        if (end < place + record->bytes) {
            end = place + record->bytes;
        }
    }
    return end;
}
