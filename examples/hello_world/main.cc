// The sine of main.c in the names of TensorFlow Lite Micro: of such a program only the includes are changed.
#include "sine.h"
#include "smelt_micro.h"
#include "smelt_semihosting.h"

#include <math.h>

extern "C" void DebugLog(const char *text) {
    smelt_semihosting_write(text);
}

namespace {

constexpr int kSteps = 100;
constexpr float kPeriod = 6.2831853f;
constexpr size_t kTensorArenaSize = ARENA_BYTES + 256;
alignas(16) uint8_t tensor_arena[kTensorArenaSize];

using SineOpResolver = tflite::MicroMutableOpResolver<1>;

TfLiteStatus RegisterOps(SineOpResolver &resolver) {
    TF_LITE_ENSURE_STATUS(resolver.AddFullyConnected(smelt_operator_fully_connected_s8));
    return kTfLiteOk;
}

TfLiteStatus SayTheSine() {
    const tflite::Model *const model = ::tflite::GetModel(sine);
    TFLITE_CHECK_EQ(model->version(), TFLITE_SCHEMA_VERSION);
    SineOpResolver resolver;
    TF_LITE_ENSURE_STATUS(RegisterOps(resolver));
    tflite::MicroInterpreter interpreter(model, resolver, tensor_arena, kTensorArenaSize);
    TF_LITE_ENSURE_STATUS(interpreter.AllocateTensors());
    TfLiteTensor *const input = interpreter.input(0);
    TfLiteTensor *const output = interpreter.output(0);
    TFLITE_CHECK_NE(input, nullptr);
    TFLITE_CHECK_EQ(input->dims->data[input->dims->size - 1], 1);
    MicroPrintf("arena bytes: %u", static_cast<unsigned>(interpreter.arena_used_bytes()));

    float largest = 0.0f;
    for (int step = 0; step < kSteps; step++) {
        const float x = kPeriod * static_cast<float>(step) / kSteps;
        input->data.int8[0] = static_cast<int8_t>(static_cast<int>(roundf(x / input->params.scale)) + input->params.zero_point);
        TF_LITE_ENSURE_STATUS(interpreter.Invoke());
        const float y = static_cast<float>(output->data.int8[0] - output->params.zero_point) * output->params.scale;
        const float error = fabsf(y - sinf(x));
        largest = error > largest ? error : largest;
    }
    MicroPrintf("largest error of the sine, in thousandths: %d", static_cast<int>(largest * 1000.0f + 0.5f));
    return kTfLiteOk;
}

} // namespace

int main() {
    tflite::InitializeTarget();
    return SayTheSine() == kTfLiteOk ? 0 : 1;
}
