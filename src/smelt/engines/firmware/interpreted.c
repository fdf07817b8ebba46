/* One interpreter behind functions of plain arguments, for programs that call C from outside. */
#include "smelt_interpreted_operators.h"
#include "smelt_interpreter.h"

#include <stddef.h>

struct smelt_interpreter interpreter;
struct smelt_error last_error;

int32_t interpreted_initialize(const void *file, uint32_t file_bytes, void *memory, uint32_t memory_bytes,
                               uint32_t options);
void *interpreted_tensor(uint32_t is_output, uint32_t index, uint32_t bytes);
int32_t interpreted_invoke(void);
int32_t interpreted_reset(void);
uint32_t interpreted_number(uint32_t which);
uint32_t interpreted_item(uint32_t index, uint32_t which);

#ifdef SMELT_MODEL_BYTES
#define ALIGNED __attribute__((aligned(16)))
uint8_t model[SMELT_MODEL_BYTES] ALIGNED;
uint8_t arena[SMELT_ARENA_BYTES] ALIGNED;

int main(void);

int main(void) {
    return 0;
}
#endif

static void keep(void *context, const struct smelt_error *error) {
    (void)context;
    last_error = *error;
}

int32_t interpreted_initialize(const void *file, uint32_t file_bytes, void *memory, uint32_t memory_bytes,
                               uint32_t options) {
    const struct smelt_setup setup = {.model = file,
                                      .model_bytes = file_bytes,
                                      .operators = smelt_interpreted_operators,
                                      .operator_count = SMELT_INTERPRETED_OPERATORS_COUNT,
                                      .arena = memory,
                                      .arena_bytes = memory_bytes,
                                      .options = options,
                                      .report = keep};
    return smelt_initialize(&interpreter, &setup);
}

/* Where input or output `index` is; NULL where it does not have so many bytes. */
void *interpreted_tensor(uint32_t is_output, uint32_t index, uint32_t bytes) {
    struct smelt_tensor tensor;
    const enum smelt_status status = (is_output ? smelt_output : smelt_input)(&interpreter, index, &tensor);
    return status == SMELT_OK && tensor.bytes == bytes ? tensor.data : NULL;
}

int32_t interpreted_invoke(void) {
    return smelt_invoke(&interpreter);
}

int32_t interpreted_reset(void) {
    return smelt_reset(&interpreter);
}

uint32_t interpreted_number(uint32_t which) {
    const struct smelt_arena_sections use = smelt_arena_use(&interpreter);
    const uint32_t numbers[] = {smelt_arena_used_bytes(&interpreter),
                                smelt_arena_missing_bytes(&interpreter),
                                use.state,
                                use.kept,
                                use.planned,
                                use.tensors,
                                use.scratch,
                                (uint32_t)last_error.node};
    return which < sizeof numbers / sizeof numbers[0] ? numbers[which] : 0;
}

/* A number of an item of the arena; UINT32_MAX where there is no such item. */
uint32_t interpreted_item(uint32_t index, uint32_t which) {
    struct smelt_arena_item item;
    if (!smelt_find_arena_item(&interpreter, index, &item)) {
        return UINT32_MAX;
    }
    const uint32_t numbers[] = {(uint32_t)item.place, item.offset, item.bytes, item.first, item.last};
    return which < sizeof numbers / sizeof numbers[0] ? numbers[which] : 0;
}
