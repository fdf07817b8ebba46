/* Damages a model in many ways, and initializes and runs what is left of it in a small arena: no sanitizer may object, and
 * the model must stay as it is. Arguments: the model, the number of attempts, a seed. Prints how many ran. */
#include "smelt_interpreted_operators.h"
#include "smelt_interpreter.h"
#include "smelt_stored_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 16, MOST_CHANGES = 4 };

static uint32_t state;

static uint32_t random_number(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* A byte, a small or a large number somewhere, or the end. */
static size_t damage(uint8_t *model, size_t size) {
    static const uint32_t numbers[] = {0, 1, 2, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000, 0x7FFF, 0xFFFF};
    for (uint32_t left = 1 + random_number() % MOST_CHANGES; left > 0; left--) {
        const size_t at = random_number() % (size - 4);
        const uint32_t kind = random_number() % 8;
        if (kind < 3) {
            model[at] = (uint8_t)random_number();
        } else if (kind < 5) {
            model[at] = (uint8_t)(model[at] ^ (1u << random_number() % 8));
        } else if (kind < 7) {
            memcpy(model + (at & ~(size_t)3), &numbers[random_number() % 10], 4);
        } else if (random_number() % 8 == 0) {
            size = at + 4;
        }
        if (size < 16) {
            break;
        }
    }
    return size;
}

static uint64_t checksum(const uint8_t *bytes, size_t size) {
    uint64_t sum = size;
    for (size_t k = 0; k < size; k++) {
        sum = sum * 31 + bytes[k];
    }
    return sum;
}

static int run(const uint8_t *model, size_t size, uint32_t options) {
    /* of the very size, so that the sanitizer sees what is read behind it */
    uint8_t *const copy = aligned_alloc(16, (size + 15) / 16 * 16), *const place = copy + (size + 15) / 16 * 16 - size;
    uint8_t *const arena = aligned_alloc(16, ARENA_BYTES);
    uint8_t *const file = ((uintptr_t)place & 3) == 0 ? place : copy;
    struct smelt_interpreter interpreter;
    memcpy(file, model, size);
    memset(arena, 0x55, ARENA_BYTES);
    const uint64_t before = checksum(file, size);
    const struct smelt_setup setup = {.model = file, .model_bytes = (uint32_t)size, .operators = smelt_interpreted_operators,
                                      .operator_count = SMELT_INTERPRETED_OPERATORS_COUNT, .arena = arena,
                                      .arena_bytes = ARENA_BYTES, .options = options, .planner = smelt_stored_plan};
    int status = smelt_initialize(&interpreter, &setup);
    if (status == SMELT_OK) {
        status = smelt_invoke(&interpreter);
    }
    if (checksum(file, size) != before) {
        abort();
    }
    free(copy);
    free(arena);
    return status;
}

int main(int argc, char **argv) {
    static uint8_t original[1 << 20], model[1 << 20];
    FILE *const input = argc == 4 ? fopen(argv[1], "rb") : NULL;
    if (input == NULL) {
        return 2;
    }
    const size_t size = fread(original, 1, sizeof original, input);
    const long attempts = strtol(argv[2], NULL, 10);
    long ran = 0;
    fclose(input);
    state = (uint32_t)strtoul(argv[3], NULL, 10) * 2654435761u + 1;
    if (run(original, size, 0) != SMELT_OK) {
        return 3;
    }
    for (long k = 0; k < attempts; k++) {
        memcpy(model, original, size);
        ran += run(model, damage(model, size), (uint32_t)(k & 1)) == SMELT_OK;
    }
    printf("%ld\n", ran);
    return 0;
}
