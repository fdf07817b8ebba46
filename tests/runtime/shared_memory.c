/* Models that run in turn, each with an arena of its own for what it keeps, and one memory for what they plan: all of the
 * very size. Prints the outputs of each run in hexadecimal, a line each. Arguments: models. */
#include "smelt_interpreted_operators.h"
#include "smelt_interpreter.h"

#include <stdio.h>
#include <stdlib.h>

enum { MODELS = 2, ROUNDS = 3, LARGEST = 1 << 16 };

/* Aligned to 16 bytes, as malloc does on 64-bit computers. */
static void *memory(size_t bytes) {
    void *const place = malloc(bytes);
    if (place == NULL) {
        exit(2);
    }
    memset(place, 0x55, bytes);
    return place;
}

static void read_model(const char *path, struct smelt_setup *setup) {
    FILE *const file = fopen(path, "rb");
    void *const model = memory(LARGEST);
    if (file == NULL) {
        exit(2);
    }
    setup->model = model;
    setup->model_bytes = (uint32_t)fread(model, 1, LARGEST, file);
    fclose(file);
}

/* What the model needs, and that less is refused with what is missing. */
static struct smelt_arena_sections measure(struct smelt_setup setup) {
    struct smelt_interpreter interpreter;
    setup.arena = memory(LARGEST);
    setup.arena_bytes = LARGEST;
    if (smelt_initialize(&interpreter, &setup) != SMELT_OK) {
        exit(3);
    }
    const struct smelt_arena_sections use = smelt_arena_use(&interpreter);
    setup.shared = memory(LARGEST);
    setup.shared_bytes = use.planned - 1;
    setup.arena_bytes = use.state + use.kept;
    if (smelt_initialize(&interpreter, &setup) != SMELT_ERROR_ARENA || smelt_arena_missing_bytes(&interpreter) != 1) {
        exit(4);
    }
    setup.shared_bytes = use.planned;
    setup.arena_bytes -= 8;
    if (smelt_initialize(&interpreter, &setup) != SMELT_ERROR_ARENA || smelt_arena_missing_bytes(&interpreter) != 8) {
        exit(5);
    }
    free(setup.shared);
    free(setup.arena);
    return use;
}

static void run(struct smelt_interpreter *interpreter, int round) {
    struct smelt_tensor tensor;
    if (smelt_input(interpreter, 0, &tensor) != SMELT_OK) {
        exit(6);
    }
    for (uint32_t k = 0; k < tensor.bytes; k++) {
        ((uint8_t *)tensor.data)[k] = (uint8_t)(7 * k + (uint32_t)round);
    }
    if (smelt_invoke(interpreter) != SMELT_OK || smelt_output(interpreter, 0, &tensor) != SMELT_OK) {
        exit(7);
    }
    for (uint32_t k = 0; k < tensor.bytes; k++) {
        printf("%02x", ((const uint8_t *)tensor.data)[k]);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    struct smelt_setup setup[MODELS] = {{0}};
    struct smelt_interpreter interpreter[MODELS];
    uint32_t most = 0;
    if (argc != 1 + MODELS) {
        return 2;
    }
    for (int k = 0; k < MODELS; k++) {
        read_model(argv[1 + k], &setup[k]);
        setup[k].operators = smelt_interpreted_operators;
        setup[k].operator_count = SMELT_INTERPRETED_OPERATORS_COUNT;
        const struct smelt_arena_sections use = measure(setup[k]);
        setup[k].arena_bytes = use.state + use.kept;
        setup[k].arena = memory(setup[k].arena_bytes);
        most = use.planned > most ? use.planned : most;
    }
    void *const shared = memory(most);
    for (int k = 0; k < MODELS; k++) {
        setup[k].shared = shared;
        setup[k].shared_bytes = most;
        if (smelt_initialize(&interpreter[k], &setup[k]) != SMELT_OK) {
            return 8;
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < MODELS; k++) {
            run(&interpreter[k], round);
        }
    }
    for (int k = 0; k < MODELS; k++) {
        free((void *)(uintptr_t)setup[k].model);
        free(setup[k].arena);
    }
    free(shared);
    return 0;
}
