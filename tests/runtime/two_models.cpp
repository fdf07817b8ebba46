/* Two models in turn, each in its own arena, from C++: prints the outputs of each run in hexadecimal. Arguments: two
 * models. */
#include "smelt_interpreter.h"
#include "smelt_all_operators.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

constexpr int rounds = 3;
constexpr std::size_t arena_words = 1 << 14;

struct running {
    std::vector<std::uint64_t> file, arena;
    smelt_interpreter interpreter;
};

bool open(running &model, const char *path) {
    std::ifstream stream(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    model.file.resize(bytes.size() / 8 + 2);
    model.arena.resize(arena_words);
    std::memcpy(model.file.data(), bytes.data(), bytes.size());
    smelt_setup setup = smelt_setup();
    setup.model = model.file.data();
    setup.model_bytes = static_cast<std::uint32_t>(bytes.size());
    setup.operators = smelt_all_operators;
    setup.operator_count = SMELT_ALL_OPERATORS_COUNT;
    setup.arena = model.arena.data();
    setup.arena_bytes = static_cast<std::uint32_t>(8 * model.arena.size());
    return smelt_initialize(&model.interpreter, &setup) == SMELT_OK;
}

void fill(running &model, int round) {
    smelt_tensor input;
    smelt_input(&model.interpreter, 0, &input);
    for (std::uint32_t k = 0; k < input.bytes; k++) {
        static_cast<std::uint8_t *>(input.data)[k] = static_cast<std::uint8_t>(7 * k + static_cast<unsigned>(round));
    }
}

void print(running &model) {
    smelt_tensor output;
    smelt_output(&model.interpreter, 0, &output);
    for (std::uint32_t k = 0; k < output.bytes; k++) {
        std::printf("%02x", static_cast<const std::uint8_t *>(output.data)[k]);
    }
    std::printf("\n");
}

} // namespace

int main(int, char **arguments) {
    running one, other;
    if (!open(one, arguments[1]) || !open(other, arguments[2])) {
        return 1;
    }
    for (int round = 0; round < rounds; round++) {
        fill(one, round);
        fill(other, round);
        if (smelt_invoke(&one.interpreter) != SMELT_OK || smelt_invoke(&other.interpreter) != SMELT_OK) {
            return 2;
        }
        print(one);
        print(other);
    }
    return 0;
}
