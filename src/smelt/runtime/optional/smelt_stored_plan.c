/* Source of the second format: "Offline memory planner" of TensorFlow Lite Micro's documentation. */
#include "smelt_stored_plan.h"

#include "smelt_file.h"
#include "smelt_records.h"

enum { MODEL_BUFFERS = 4, MODEL_METADATA = 6, METADATA_NAME = 0, METADATA_BUFFER = 1, BUFFER_DATA = 0 };

/* Words of the formats; behind the last one is a word a record: bytes from `start` on, or ANYWHERE. */
enum { PLAN_CONTRACT = 0, PLAN_CORE = 1, PLAN_HASH = 2, PLAN_BYTES = 3, PLAN_COUNT = 4, PLAN_OFFSETS = 5 };
enum { OFFLINE_COUNT = 2, OFFLINE_OFFSETS = 3 };
#define ANYWHERE UINT32_MAX

#ifndef SMELT_PLAN_CORE
#if defined(__ARM_FEATURE_MVE)
#define SMELT_PLAN_CORE SMELT_PLAN_MVE
#elif defined(__ARM_FEATURE_DSP)
#define SMELT_PLAN_CORE SMELT_PLAN_DSP
#else
#define SMELT_PLAN_CORE SMELT_PLAN_PORTABLE
#endif
#endif

/* The bytes of the metadata of that name, of `length` letters; none where there is not exactly one word a record behind the header. */
static struct smelt_vector find_plan(struct smelt_file *file, const char *name, uint32_t length, uint32_t words) {
    const uint32_t root = smelt_file_root(file);
    const struct smelt_vector entries = smelt_file_vector(file, root, MODEL_METADATA, 4);
    const struct smelt_vector buffers = smelt_file_vector(file, root, MODEL_BUFFERS, 4);
    for (uint32_t k = 0; k < entries.count; k++) {
        const uint32_t entry = smelt_file_element(file, entries, k);
        const struct smelt_vector found = smelt_file_vector(file, entry, METADATA_NAME, 1);
        if (found.count == length && memcmp(file->bytes + found.at, name, found.count) == 0) {
            const uint32_t buffer = smelt_file_element(file, buffers, smelt_file_u32(file, entry, METADATA_BUFFER, 0));
            const struct smelt_vector data = smelt_file_vector(file, buffer, BUFFER_DATA, 1);
            if (data.count == 4 * words && !file->damaged) {
                return data;
            }
        }
    }
    return (struct smelt_vector){0, 0};
}

/* FNV-1a of the file without the plan. */
static uint32_t hash_of_rest(const struct smelt_file *file, struct smelt_vector plan) {
    uint32_t sum = 2166136261u;
    for (uint32_t k = 0; k < file->size; k++) {
        if (k < plan.at || k >= plan.at + plan.count) {
            sum = (sum ^ file->bytes[k]) * 16777619u;
        }
    }
    return sum;
}

static int is_planned(const struct smelt_record *record) {
    return record->place < SMELT_NOWHERE && record->first != SMELT_NEVER;
}

/* Whether another record, of those before, has a part of this one's memory while both live. */
static int overlaps(const struct smelt_record *records, const struct smelt_record *record) {
    for (const struct smelt_record *other = records; other < record; other++) {
        if (is_planned(other) && other->first <= record->last && record->first <= other->last &&
            other->place < record->place + record->bytes && record->place < other->place + other->bytes) {
            return 1;
        }
    }
    return 0;
}

/* Whether all of `count` records that the plan at `offsets` in the file places are aligned, in `bytes` bytes from `start`
 * on, and apart. */
static int place_all(struct smelt_interpreter *interpreter, uint32_t offsets, uint32_t count, uint32_t start,
                     uint32_t bytes) {
    struct smelt_record *record = smelt_records(interpreter);
    for (uint32_t k = 0; k < count; k++, record++) {
        const uint32_t offset = smelt_file_word(&interpreter->file, offsets + 4 * k);
        if (record->place != SMELT_NOWHERE || offset == ANYWHERE) {
            continue;
        }
        if ((offset & (SMELT_ARENA_ALIGNMENT - 1)) != 0 || offset > bytes || record->bytes > bytes - offset) {
            return 0;
        }
        record->place = start + offset;
        if (overlaps(smelt_records(interpreter), record)) {
            return 0;
        }
    }
    return 1;
}

/* The same, and the rest around them in `room` bytes; or nothing. */
static int place_in(struct smelt_interpreter *interpreter, uint32_t offsets, uint32_t count, uint32_t start,
                    uint32_t bytes, uint32_t room) {
    struct smelt_record *const records = smelt_records(interpreter);
    const uint32_t all = interpreter->tensors.count + interpreter->nodes.count;
    if (place_all(interpreter, offsets, count, start, bytes < room ? bytes : room) &&
        smelt_plan(records, all, start) - start <= room) {
        return 1;
    }
    for (struct smelt_record *record = records; record < records + all; record++) {
        if (is_planned(record)) {
            record->place = SMELT_NOWHERE;
        }
    }
    return 0;
}

void smelt_stored_plan(struct smelt_interpreter *interpreter, uint32_t start) {
    static const char offline_name[] = "OfflineMemoryAllocation";
    struct smelt_file *const file = &interpreter->file;
    const struct smelt_setup *const setup = &interpreter->setup;
    const uint32_t end = setup->arena_bytes > start ? setup->arena_bytes - start : 0;
    const uint32_t room = setup->shared == NULL ? end : setup->shared_bytes;
    const uint32_t tensors = interpreter->tensors.count, records = tensors + interpreter->nodes.count;
    const struct smelt_vector own = find_plan(file, "smelt_plan", sizeof "smelt_plan" - 1, PLAN_OFFSETS + records);
    if (own.count != 0 && smelt_file_word(file, own.at + 4 * PLAN_CONTRACT) == SMELT_KERNEL_CONTRACT &&
        smelt_file_word(file, own.at + 4 * PLAN_CORE) == SMELT_PLAN_CORE &&
        smelt_file_word(file, own.at + 4 * PLAN_COUNT) == records &&
        smelt_file_word(file, own.at + 4 * PLAN_HASH) == hash_of_rest(file, own)) {
        const uint32_t bytes = smelt_file_word(file, own.at + 4 * PLAN_BYTES);
        if (place_in(interpreter, own.at + 4 * PLAN_OFFSETS, records, start, bytes, room)) {
            return;
        }
    }
    const struct smelt_vector offline = find_plan(file, offline_name, sizeof offline_name - 1, OFFLINE_OFFSETS + tensors);
    if (offline.count != 0 && smelt_file_word(file, offline.at + 4 * OFFLINE_COUNT) == tensors) {
        place_in(interpreter, offline.at + 4 * OFFLINE_OFFSETS, tensors, start, room, room);
    }
    file->damaged = 0; /* what was read here was checked, and nothing else needs it */
}
