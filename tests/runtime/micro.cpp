/* smelt_micro.h on this computer: prints the outputs of a model and what is known of it. Argument: an int8 model. */
#include "smelt_micro.h"

#include <stdio.h>

extern "C" void DebugLog(const char *text) {
    fputs(text, stdout);
}

static smelt_status custom_run(smelt_node *) {
    return SMELT_OK;
}

static const smelt_custom_operator custom = {{SMELT_CODE_CUSTOM, SMELT_ANY, custom_run}, "mine"};

static int describe(const TfLiteTensor *tensor) {
    MicroPrintf("type %d rank %d last %d bytes %u", static_cast<int>(tensor->type), tensor->dims->size,
                tensor->dims->data[tensor->dims->size - 1], static_cast<unsigned>(tensor->bytes));
    return 0;
}

static int run(const void *file, size_t bytes, const tflite::MicroOpResolver &resolver, size_t arena_bytes, int shift) {
    static uint8_t arena[(1 << 16) + 16];
    tflite::MicroInterpreter interpreter(tflite::GetModel(file), bytes, resolver, arena + shift, arena_bytes);
    if (interpreter.input(0) != nullptr || interpreter.AllocateTensors() != kTfLiteOk) {
        const smelt_error &error = interpreter.error();
        MicroPrintf("status %d at %d %s", error.status, static_cast<int>(error.node), error.name ? error.name : "");
        return 1;
    }
    memset(interpreter.typed_input_tensor<int8_t>(0), 7, interpreter.input(0)->bytes);
    if (interpreter.Invoke() != kTfLiteOk || interpreter.input(9) != nullptr || interpreter.output(9) != nullptr) {
        return 1;
    }
    describe(interpreter.input(0));
    describe(interpreter.output(0));
    for (size_t k = 0; k < interpreter.output(0)->bytes; k++) {
        MicroPrintf("%d", interpreter.output(0)->data.int8[k]);
    }
    if (shift == 0 && interpreter.arena_used_bytes() < arena_bytes) {
        return run(file, bytes, resolver, interpreter.arena_used_bytes() - 1, 0) == 1 ? 0 : 2;
    }
    return 0;
}

int main(int, char **arguments) {
    alignas(16) static uint8_t file[1 << 16];
    FILE *const input = fopen(arguments[1], "rb");
    const size_t bytes = input == nullptr ? 0 : fread(file, 1, sizeof file, input);
    const tflite::AllOpsResolver all;
    tflite::MicroMutableOpResolver<1> few;
    if (input == nullptr || fclose(input) != 0 || run(file, bytes, all, 1 << 16, 0) != 0 ||
        run(file, bytes, all, 1 << 16, 3) != 0) {
        return 1;
    }
    run(file, bytes, few, 1 << 16, 0);
    run(file, 40, all, 1 << 16, 0);
    const TfLiteStatus other = few.AddCustom("other", &custom), mine = few.AddCustom("mine", &custom);
    MicroPrintf("%d %d %d", static_cast<int>(other), static_cast<int>(mine), static_cast<int>(few.count()));
    TfLiteStatus status = kTfLiteOk;
    for (int k = 0; k < 100 && status == kTfLiteOk; k++) {
        status = few.AddConv2D();
    }
    MicroPrintf("%s %5.2f %u %x %c%%", status == kTfLiteOk ? "endless" : "full", -1.25, 7u, 255u, 'z');
    return 0;
}
