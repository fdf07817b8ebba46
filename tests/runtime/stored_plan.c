/* Models with stored plans, each in an arena of that very size: prints the bytes of what is planned, and the outputs in
 * hexadecimal. Arguments: the bytes, models. */
#include "smelt_interpreted_operators.h"
#include "smelt_stored_plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGEST = 1 << 16 };

static int run(const char *path, uint32_t arena_bytes) {
    FILE *const file = fopen(path, "rb");
    void *const model = malloc(LARGEST), *const arena = malloc(arena_bytes);
    struct smelt_interpreter interpreter;
    struct smelt_tensor tensor;
    if (file == NULL || model == NULL || arena == NULL) {
        return 2;
    }
    const struct smelt_setup setup = {.model = model, .model_bytes = (uint32_t)fread(model, 1, LARGEST, file),
                                      .operators = smelt_interpreted_operators,
                                      .operator_count = SMELT_INTERPRETED_OPERATORS_COUNT, .arena = arena,
                                      .arena_bytes = arena_bytes, .planner = smelt_stored_plan};
    fclose(file);
    if (smelt_initialize(&interpreter, &setup) != SMELT_OK || smelt_input(&interpreter, 0, &tensor) != SMELT_OK) {
        return 3;
    }
    for (uint32_t k = 0; k < tensor.bytes; k++) {
        ((uint8_t *)tensor.data)[k] = (uint8_t)(7 * k);
    }
    if (smelt_invoke(&interpreter) != SMELT_OK || smelt_output(&interpreter, 0, &tensor) != SMELT_OK) {
        return 4;
    }
    printf("%u ", (unsigned)smelt_arena_use(&interpreter).planned);
    for (uint32_t k = 0; k < tensor.bytes; k++) {
        printf("%02x", ((const uint8_t *)tensor.data)[k]);
    }
    printf("\n");
    free(model);
    free(arena);
    return 0;
}

int main(int argc, char **argv) {
    int status = 0;
    for (int k = 2; k < argc && status == 0; k++) {
        status = run(argv[k], (uint32_t)strtoul(argv[1], NULL, 10));
    }
    return status;
}
