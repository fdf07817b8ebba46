/* A model invoked at once, step by step, and measured with a clock that counts its calls. Prints the outputs of each in
 * hexadecimal, a line each, then the ticks of each operator. Argument: the model. */
#include "smelt_interpreted_operators.h"
#include "smelt_profile.h"
#include "smelt_step.h"

#include <stdio.h>

enum { MOST_OPERATORS = 16 };

static uint32_t count_calls(void *context) {
    uint32_t *const calls = context;
    return (*calls)++ * 5 + 0xFFFFFFF0u; /* runs over */
}

static int fill(struct smelt_interpreter *interpreter) {
    struct smelt_tensor input;
    const int status = smelt_input(interpreter, 0, &input);
    for (uint32_t k = 0; status == SMELT_OK && k < input.bytes; k++) {
        ((uint8_t *)input.data)[k] = (uint8_t)(7 * k);
    }
    return status;
}

static int print(struct smelt_interpreter *interpreter) {
    struct smelt_tensor output;
    const int status = smelt_output(interpreter, 0, &output);
    for (uint32_t k = 0; status == SMELT_OK && k < output.bytes; k++) {
        printf("%02x", ((uint8_t *)output.data)[k]);
    }
    printf("\n");
    return status;
}

static int steps(struct smelt_interpreter *interpreter) {
    uint32_t next = 0, taken = 0;
    int status;
    do {
        status = smelt_invoke_step(interpreter, &next);
        taken++;
    } while (status == SMELT_OK && next != 0);
    uint32_t behind = smelt_operator_count(interpreter);
    return status != SMELT_OK || taken != behind || smelt_invoke_step(interpreter, &behind) != SMELT_ERROR_INPUT;
}

int main(int argc, char **argv) {
    static uint64_t model[1 << 14], arena[1 << 14];
    uint32_t ticks[MOST_OPERATORS] = {0}, calls = 0;
    FILE *const file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        return 2;
    }
    const uint32_t size = (uint32_t)fread(model, 1, sizeof model, file);
    fclose(file);
    const struct smelt_setup setup = {.model = model, .model_bytes = size, .operators = smelt_interpreted_operators,
                                      .operator_count = SMELT_INTERPRETED_OPERATORS_COUNT, .arena = arena,
                                      .arena_bytes = sizeof arena};
    struct smelt_interpreter interpreter;
    if (smelt_initialize(&interpreter, &setup) != SMELT_OK || fill(&interpreter) != SMELT_OK ||
        smelt_invoke(&interpreter) != SMELT_OK || print(&interpreter) != SMELT_OK) {
        return 3;
    }
    if (fill(&interpreter) != SMELT_OK || steps(&interpreter) != 0 || print(&interpreter) != SMELT_OK) {
        return 4;
    }
    const uint32_t operators = smelt_operator_count(&interpreter);
    const struct smelt_profile profile = {count_calls, &calls, ticks, operators - 1};
    if (operators > MOST_OPERATORS || fill(&interpreter) != SMELT_OK ||
        smelt_invoke_profiled(&interpreter, &profile) != SMELT_OK || print(&interpreter) != SMELT_OK) {
        return 5;
    }
    for (uint32_t k = 0; k < operators; k++) {
        printf("%u ", (unsigned)ticks[k]);
    }
    return 0;
}
