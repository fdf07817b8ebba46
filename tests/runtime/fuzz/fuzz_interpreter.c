/* For libFuzzer: the first byte chooses options, the arena and shared memory, the rest is a model; it is initialized and run twice. */
#include "smelt_interpreted_operators.h"
#include "smelt_interpreter.h"
#include "smelt_stored_plan.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 16, ALIGNMENT = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct smelt_interpreter *interpreter, uint32_t count, uint8_t value) {
    struct smelt_tensor tensor;
    for (uint32_t k = 0; k < count && smelt_input(interpreter, k, &tensor) == SMELT_OK; k++) {
        memset(tensor.data, value, tensor.bytes);
    }
    volatile uint8_t sum = 0;
    for (uint32_t k = 0; k < count && smelt_output(interpreter, k, &tensor) == SMELT_OK; k++) {
        for (uint32_t i = 0; i < tensor.bytes; i++) {
            sum = (uint8_t)(sum + ((const uint8_t *)tensor.data)[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    const size_t bytes = size - 1, room = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const uint32_t arena_bytes = (data[0] & 2) != 0 ? 4096 : ARENA_BYTES;
    /* where 4 bytes are enough, the model ends where its memory does, so that reading behind it is seen */
    uint8_t *const memory = aligned_alloc(ALIGNMENT, room), *const arena = aligned_alloc(ALIGNMENT, arena_bytes);
    uint8_t *const shared = aligned_alloc(ALIGNMENT, arena_bytes);
    uint8_t *const model = (data[0] & 4) != 0 && bytes % 4 == 0 ? memory + (room - bytes) : memory;
    memcpy(model, data + 1, bytes);
    memset(arena, 0x55, arena_bytes);
    struct smelt_setup setup = {0};
    setup.model = model;
    setup.model_bytes = (uint32_t)bytes;
    setup.operators = smelt_interpreted_operators;
    setup.operator_count = SMELT_INTERPRETED_OPERATORS_COUNT;
    setup.arena = arena;
    setup.arena_bytes = arena_bytes;
    setup.options = data[0] & 1;
    setup.planner = smelt_stored_plan;
    if ((data[0] & 8) != 0) {
        setup.shared = shared;
        setup.shared_bytes = arena_bytes;
    }
    struct smelt_interpreter interpreter;
    if (smelt_initialize(&interpreter, &setup) == SMELT_OK) {
        const struct smelt_arena_sections use = smelt_arena_use(&interpreter);
        const uint32_t planned_there = setup.shared != NULL ? 0 : use.planned;
        if (use.state + use.kept + planned_there > arena_bytes || use.planned > arena_bytes) {
            abort();
        }
        for (int round = 0; round < 2; round++) {
            touch(&interpreter, 8, (uint8_t)(0x33 + 0x4c * round));
            (void)smelt_invoke(&interpreter);
        }
    }
    if (memcmp(model, data + 1, bytes) != 0) {
        abort();
    }
    free(memory);
    free(arena);
    free(shared);
    return 0;
}
