/* A model that says the sine of its input, run by smelt's interpreter from flash: the largest error in a period. */
#include "ops.h"
#include "sine.h"
#include "smelt_interpreter.h"
#include "smelt_semihosting.h"

#include <math.h>

#define STEPS 100
#define PERIOD 6.2831853f

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(SMELT_ARENA_ALIGNMENT)));

static void say(const char *text, long number) {
    smelt_semihosting_write(text);
    smelt_semihosting_write_int(number);
    smelt_semihosting_write("\n");
}

static void on_error(void *context, const struct smelt_error *error) {
    (void)context;
    say(error->message, error->node);
}

int main(void) {
    struct smelt_interpreter interpreter;
    struct smelt_tensor input, output;
    const struct smelt_setup setup = {
        .model = sine,
        .model_bytes = sine_len,
        .operators = ops,
        .operator_count = OPS_COUNT,
        .arena = arena,
        .arena_bytes = sizeof arena,
        .report = on_error,
    };
    if (smelt_initialize(&interpreter, &setup) != SMELT_OK) {
        say("bytes missing in the arena: ", (long)smelt_arena_missing_bytes(&interpreter));
        return 1;
    }
    smelt_input(&interpreter, 0, &input);
    smelt_output(&interpreter, 0, &output);
    say("arena bytes: ", (long)smelt_arena_used_bytes(&interpreter));

    float largest = 0.0f;
    for (int step = 0; step < STEPS; step++) {
        const float x = PERIOD * (float)step / STEPS;
        *(int8_t *)input.data = (int8_t)((int32_t)roundf(x / smelt_scale(&input)) + input.zero_point);
        if (smelt_invoke(&interpreter) != SMELT_OK) {
            return 1;
        }
        const float y = (float)(*(int8_t *)output.data - output.zero_point) * smelt_scale(&output);
        const float error = fabsf(y - sinf(x));
        largest = error > largest ? error : largest;
    }
    say("largest error of the sine, in thousandths: ", (long)(largest * 1000.0f + 0.5f));
    return 0;
}
