/* The interpreter in C++ with the names that TensorFlow Lite Micro has for the same things: a program written for that is
 * compiled for smelt after changing its includes to this one. C++11, without exceptions, RTTI, allocation or libraries.
 *
 * GetModel is not told the size of a file and so trusts it: give the size to the constructor of MicroInterpreter where a
 * file comes from elsewhere. An operator is registered for all types that there are of it (`AddConv2D()`), or for
 * one (`AddConv2D(smelt_operator_conv_2d_s8)`), which links that alone. */
#ifndef SMELT_MICRO_H
#define SMELT_MICRO_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "smelt_interpreter.h"
#include "smelt_micro_operators.h"

enum TfLiteStatus : int { kTfLiteOk = 0, kTfLiteError = 1 };

enum TfLiteType {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt32 = 2,
    kTfLiteUInt8 = 3,
    kTfLiteInt64 = 4,
    kTfLiteBool = 6,
    kTfLiteInt16 = 7,
    kTfLiteInt8 = 9,
    kTfLiteFloat16 = 10,
    kTfLiteUInt64 = 13,
    kTfLiteUInt32 = 16,
    kTfLiteInt4 = 18
};

union TfLitePtrUnion {
    void *data;
    const char *raw_const;
    char *raw;
    float *f;
    int32_t *i32;
    int64_t *i64;
    int16_t *i16;
    uint8_t *uint8;
    int8_t *int8;
    bool *b;
};

/* The first eight dimensions. */
struct TfLiteIntArray {
    int size;
    int data[8];
};

struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
};

struct TfLiteTensor {
    TfLiteType type;
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    TfLiteQuantizationParams params;
    size_t bytes;
    TfLiteIntArray dimensions;
};

#define TF_LITE_ENSURE_STATUS(call)          \
    do {                                     \
        const TfLiteStatus status_ = (call); \
        if (status_ != kTfLiteOk) {          \
            return status_;                  \
        }                                    \
    } while (false)
#define TFLITE_SCHEMA_VERSION (3)
#define TFLITE_CHECK(condition)                  \
    do {                                         \
        if (!(condition)) {                      \
            ::smelt::micro::stop();              \
        }                                        \
    } while (false)
#define TFLITE_CHECK_EQ(a, b) TFLITE_CHECK((a) == (b))
#define TFLITE_CHECK_NE(a, b) TFLITE_CHECK((a) != (b))
#define TFLITE_CHECK_LE(a, b) TFLITE_CHECK((a) <= (b))

/* The program's own: where MicroPrintf writes to. */
extern "C" void DebugLog(const char *text);

/* Writes %d, %i, %u, %x, %s, %c, %f (three digits) and %%; modifiers are skipped. */
inline void MicroPrintf(const char *format, ...);

namespace smelt {

namespace micro {

[[noreturn]] inline void stop() {
    for (;;) {
    }
}

inline void write_number(uint32_t number, uint32_t base, int digits) {
    char text[12];
    int at = static_cast<int>(sizeof text) - 1;
    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0 || static_cast<int>(sizeof text) - 1 - at < digits);
    DebugLog(text + at);
}

inline void write_signed(int number) {
    if (number < 0) {
        DebugLog("-");
    }
    write_number(number < 0 ? 0u - static_cast<uint32_t>(number) : static_cast<uint32_t>(number), 10, 1);
}

inline void write_real(double number) {
    if (number < 0) {
        DebugLog("-");
        number = -number;
    }
    if (!(number < 4.0e6)) {
        DebugLog(number == number ? "large" : "nan");
        return;
    }
    const uint32_t thousandths = static_cast<uint32_t>(number * 1000.0 + 0.5);
    write_number(thousandths / 1000, 10, 1);
    DebugLog(".");
    write_number(thousandths % 1000, 10, 3);
}

inline void print(const char *format, va_list arguments) {
    for (char one[2] = {0, 0}; *format != '\0'; format++) {
        one[0] = *format;
        if (*format != '%') {
            DebugLog(one);
            continue;
        }
        do {
            format++;
        } while (*format != '\0' && strchr("0123456789.-+ #lhzjt", *format) != nullptr);
        switch (*format) {
        case '\0': return;
        case 'd':
        case 'i': write_signed(va_arg(arguments, int)); break;
        case 'u': write_number(va_arg(arguments, unsigned), 10, 1); break;
        case 'x': write_number(va_arg(arguments, unsigned), 16, 1); break;
        case 's': DebugLog(va_arg(arguments, const char *)); break;
        case 'f': write_real(va_arg(arguments, double)); break;
        case 'c': one[0] = static_cast<char>(va_arg(arguments, int)); DebugLog(one); break;
        default: one[0] = *format; DebugLog(one); break;
        }
    }
}

} /* namespace micro */

inline void InitializeTarget() {}

/* A .tflite file. */
class Model {
  public:
    unsigned version() const { return TFLITE_SCHEMA_VERSION; } /* others are an error of AllocateTensors */
};

inline const Model *GetModel(const void *file) {
    return static_cast<const Model *>(file);
}

/* What MicroInterpreter asks of a list of operators. */
class MicroOpResolver {
  public:
    const smelt_registration *const *list() const { return list_; }
    uint32_t count() const { return count_; }

  protected:
    MicroOpResolver(const smelt_registration *const *list, uint32_t count) : list_(list), count_(count) {}
    const smelt_registration *const *list_;
    uint32_t count_;
};

/* A list of at most `most` operators, for all their types. */
template <unsigned most>
class MicroMutableOpResolver : public MicroOpResolver, public micro::add_operators<MicroMutableOpResolver<most>> {
  public:
    MicroMutableOpResolver() : MicroOpResolver(room_, 0), room_() {}
    MicroMutableOpResolver(const MicroMutableOpResolver &) = delete;
    MicroMutableOpResolver &operator=(const MicroMutableOpResolver &) = delete;

    /* Of one type. */
    TfLiteStatus Add(const smelt_registration &operator_) {
        if (count_ >= sizeof room_ / sizeof room_[0]) {
            return kTfLiteError;
        }
        room_[count_++] = &operator_;
        return kTfLiteOk;
    }

    /* A custom operator, whose registration has its name, which must be the one said here. */
    TfLiteStatus AddCustom(const char *name, const smelt_custom_operator *operator_) {
        const bool same = operator_ != nullptr && operator_->registration.code == SMELT_CODE_CUSTOM &&
                          strcmp(name, operator_->name) == 0;
        return same ? Add(operator_->registration) : kTfLiteError;
    }

  private:
    const smelt_registration *room_[most * micro::most_types];
};

/* Every operator that there is, for experiments: all of them are linked. */
class AllOpsResolver : public MicroOpResolver {
  public:
    AllOpsResolver() : MicroOpResolver(micro::all_operators().list, micro::all_operators().count) {}
};

class MicroInterpreter {
  public:
    MicroInterpreter(const Model *model, const MicroOpResolver &operators, uint8_t *arena, size_t arena_bytes)
        : MicroInterpreter(model, static_cast<size_t>(INT32_MAX), operators, arena, arena_bytes) {}

    /* A model of `model_bytes` bytes, behind which nothing is read whatever it says. */
    MicroInterpreter(const Model *model, size_t model_bytes, const MicroOpResolver &operators, uint8_t *arena,
                     size_t arena_bytes)
        : interpreter_(), setup_(), error_(), tensors_(nullptr), skipped_(0), status_(kTfLiteError) {
        skipped_ = static_cast<uint32_t>(0u - reinterpret_cast<uintptr_t>(arena)) % alignment;
        setup_.model = model;
        setup_.model_bytes = static_cast<uint32_t>(model_bytes);
        setup_.operators = operators.list();
        setup_.arena = arena + skipped_;
        setup_.arena_bytes = arena_bytes < skipped_ ? 0 : static_cast<uint32_t>(arena_bytes) - skipped_;
        setup_.report = keep_error;
        setup_.report_context = this;
        operators_ = &operators;
    }
    MicroInterpreter(const MicroInterpreter &) = delete;
    MicroInterpreter &operator=(const MicroInterpreter &) = delete;

    TfLiteStatus AllocateTensors() {
        setup_.operator_count = operators_->count();
        status_ = kTfLiteError;
        if (smelt_initialize(&interpreter_, &setup_) != SMELT_OK) {
            return kTfLiteError;
        }
        const uint32_t used = aligned_use();
        const uint32_t needed = static_cast<uint32_t>((inputs_size() + outputs_size()) * sizeof(TfLiteTensor));
        if (used > setup_.arena_bytes || setup_.arena_bytes - used < needed) {
            error_.status = SMELT_ERROR_ARENA;
            error_.node = error_.tensor = -1;
            return kTfLiteError;
        }
        tensors_ = reinterpret_cast<TfLiteTensor *>(static_cast<uint8_t *>(setup_.arena) + used);
        for (size_t k = 0; k < inputs_size() + outputs_size(); k++) {
            describe(k);
        }
        status_ = kTfLiteOk;
        return kTfLiteOk;
    }

    TfLiteStatus Invoke() {
        if (status_ != kTfLiteOk && AllocateTensors() != kTfLiteOk) {
            return kTfLiteError;
        }
        return smelt_invoke(&interpreter_) == SMELT_OK ? kTfLiteOk : kTfLiteError;
    }

    size_t inputs_size() const { return interpreter_.inputs.count; }
    size_t outputs_size() const { return interpreter_.outputs.count; }

    /* NULL where there is none, and before AllocateTensors. */
    TfLiteTensor *input(size_t index) {
        return status_ == kTfLiteOk && index < inputs_size() ? tensors_ + index : nullptr;
    }
    TfLiteTensor *output(size_t index) {
        return status_ == kTfLiteOk && index < outputs_size() ? tensors_ + inputs_size() + index : nullptr;
    }
    template <typename T> T *typed_input_tensor(size_t index) {
        TfLiteTensor *const tensor = input(index);
        return tensor == nullptr ? nullptr : static_cast<T *>(tensor->data.data);
    }
    template <typename T> T *typed_output_tensor(size_t index) {
        TfLiteTensor *const tensor = output(index);
        return tensor == nullptr ? nullptr : static_cast<T *>(tensor->data.data);
    }

    TfLiteStatus initialization_status() const { return status_; }

    /* With the descriptions that input() and output() return, and what alignment of the arena costs. */
    size_t arena_used_bytes() const {
        return skipped_ + aligned_use() + (inputs_size() + outputs_size()) * sizeof(TfLiteTensor);
    }

    /* Not in TensorFlow Lite Micro: what went wrong last. */
    const smelt_error &error() const { return error_; }

  private:
    enum : uint32_t { alignment = 16 };

    uint32_t aligned_use() const { return (smelt_arena_used_bytes(&interpreter_) + 7u) / 8u * 8u; }

    static void keep_error(void *context, const smelt_error *error) {
        static_cast<MicroInterpreter *>(context)->error_ = *error;
    }

    static TfLiteType type_of(uint32_t type) {
        switch (type) {
        case SMELT_F32: return kTfLiteFloat32;
        case SMELT_F16: return kTfLiteFloat16;
        case SMELT_S4: return kTfLiteInt4;
        case SMELT_U32: return kTfLiteUInt32;
        case SMELT_U64: return kTfLiteUInt64;
        default: return static_cast<TfLiteType>(type);
        }
    }

    void describe(size_t index) {
        smelt_tensor tensor;
        const uint32_t inputs = static_cast<uint32_t>(inputs_size()), number = static_cast<uint32_t>(index);
        if (number < inputs) {
            smelt_input(&interpreter_, number, &tensor);
        } else {
            smelt_output(&interpreter_, number - inputs, &tensor);
        }
        TfLiteTensor &to = tensors_[index];
        to.type = type_of(tensor.type);
        to.data.data = tensor.data;
        to.params.scale = smelt_scale(&tensor);
        to.params.zero_point = tensor.zero_point;
        to.bytes = tensor.bytes;
        to.dims = &to.dimensions;
        to.dimensions.size = tensor.rank < 8 ? tensor.rank : 8;
        for (int axis = 0; axis < to.dimensions.size; axis++) {
            memcpy(&to.dimensions.data[axis], interpreter_.file.bytes + tensor.dimensions.at + 4 * axis, 4);
        }
    }

    smelt_interpreter interpreter_;
    smelt_setup setup_;
    smelt_error error_;
    TfLiteTensor *tensors_;
    const MicroOpResolver *operators_ = nullptr;
    uint32_t skipped_;
    TfLiteStatus status_;
};

} /* namespace smelt */

inline void MicroPrintf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    smelt::micro::print(format, arguments);
    DebugLog("\n");
    va_end(arguments);
}

namespace tflite = smelt;

#endif
