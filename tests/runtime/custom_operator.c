/* A custom operator of any type: adds its option, a byte, to its state, and gives the bytes of x plus those of the state.
 * Arguments: the model, the names of the operator here. Prints the first output of two invocations, of one after a reset,
 * and of one more; or what is wrong. */
#include "smelt_interpreter.h"
#include "smelt_node.h"

#include <stdio.h>

static enum smelt_status run_count(struct smelt_node *node) {
    struct smelt_tensor x, y, state;
    enum smelt_status status;
    if ((status = smelt_node_input(node, 0, SMELT_ANY, &x)) != SMELT_OK ||
        (status = smelt_node_variable(node, 1, SMELT_ANY, &state)) != SMELT_OK ||
        (status = smelt_node_output(node, 0, x.type, &y)) != SMELT_OK) {
        return status;
    }
    const struct smelt_vector options = smelt_custom_options(node);
    int32_t elements = 1;
    for (int32_t axis = 0; axis < x.rank; axis++) {
        elements *= smelt_dimension(node, &x, (uint32_t)axis);
    }
    SMELT_REQUIRE(node, options.count == 1 && elements == x.elements && y.bytes == x.bytes && state.bytes == x.bytes,
                  "shapes or options are wrong");
    SMELT_REQUIRE(node, smelt_element_bytes(&x) == (x.type == SMELT_S4 ? 0u : 1u), "elements of one byte");
    if (smelt_ready(node)) {
        uint8_t *const sums = state.data, *const output = y.data;
        const uint8_t *const input = x.data;
        for (uint32_t k = 0; k < x.bytes; k++) {
            sums[k] = (uint8_t)(sums[k] + node->interpreter->file.bytes[options.at]);
            output[k] = (uint8_t)(input[k] + sums[k]);
        }
    }
    return SMELT_OK;
}

static void report(void *context, const struct smelt_error *error) {
    (void)context;
    printf("%d %d %s %s", (int)error->status, (int)error->node, error->name, error->message);
}

static int run(struct smelt_interpreter *interpreter) {
    struct smelt_tensor input, output;
    if (smelt_input(interpreter, 0, &input) != SMELT_OK || smelt_output(interpreter, 0, &output) != SMELT_OK) {
        return 1;
    }
    for (uint32_t k = 0; k < input.bytes; k++) {
        ((uint8_t *)input.data)[k] = (uint8_t)k;
    }
    const int status = smelt_invoke(interpreter);
    for (uint32_t k = 0; status == 0 && k < output.bytes; k++) {
        printf("%d ", ((uint8_t *)output.data)[k]);
    }
    return status;
}

int main(int argc, char **argv) {
    static uint64_t model[4096], arena[512];
    const struct smelt_custom_operator count = {{SMELT_CODE_CUSTOM, SMELT_ANY, run_count}, argc == 3 ? argv[2] : ""};
    const struct smelt_registration *const operators[] = {&count.registration};
    FILE *const file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        return 2;
    }
    const size_t size = fread(model, 1, sizeof model, file);
    fclose(file);
    memset(arena, 0x55, sizeof arena);
    const struct smelt_setup setup = {.model = model, .model_bytes = (uint32_t)size, .operators = operators, .operator_count = 1,
                                      .arena = arena, .arena_bytes = sizeof arena, .report = report};
    struct smelt_interpreter interpreter;
    if (smelt_initialize(&interpreter, &setup) != SMELT_OK) {
        return 0;
    }
    return run(&interpreter) || run(&interpreter) || smelt_reset(&interpreter) != SMELT_OK || run(&interpreter) ||
           run(&interpreter);
}
