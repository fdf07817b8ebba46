/* For emulators without a call interface: copies a prepared arena, runs the network, prints the arena.
 *
 * The engine writes the inputs into `smelt_arena_image` in the linked file before each run, and reads
 * "status <n>" and the arena's bytes in hexadecimal from the console. */
#include SMELT_MODEL_HEADER
#include "smelt_semihosting.h"

#define LINE_BYTES 64

/* volatile: its contents are not known to the compiler */
const volatile uint8_t smelt_arena_image[SMELT_MODEL_ARENA_BYTES] = {1};

static uint8_t arena[SMELT_MODEL_ARENA_BYTES] SMELT_ALIGN(SMELT_MODEL_ARENA_ALIGNMENT);

int main(void) {
    static const char digits[] = "0123456789abcdef";
    char line[2 * LINE_BYTES + 2];
    for (int32_t i = 0; i < SMELT_MODEL_ARENA_BYTES; i++) {
        arena[i] = smelt_arena_image[i];
    }
    smelt_semihosting_write("status ");
    smelt_semihosting_write_int(SMELT_MODEL_INVOKE(arena));
    smelt_semihosting_write("\n");
    for (int32_t start = 0; start < SMELT_MODEL_ARENA_BYTES; start += LINE_BYTES) {
        int32_t length = 0;
        for (int32_t i = start; i < SMELT_MODEL_ARENA_BYTES && i < start + LINE_BYTES; i++) {
            line[length++] = digits[arena[i] >> 4];
            line[length++] = digits[arena[i] & 15];
        }
        line[length++] = '\n';
        line[length] = '\0';
        smelt_semihosting_write(line);
    }
    return 0;
}
