/* For emulators without a call interface: copies a prepared memory, runs the network, prints the memory: the arena,
 * and behind it the inputs that lie outside.
 *
 * The engine writes the inputs into `smelt_memory_image` in the linked file before each run, and reads
 * "status <n>" and the memory's bytes in hexadecimal from the console. */
#include SMELT_MODEL_HEADER
#include "smelt_semihosting.h"

#define LINE_BYTES 64

/* volatile: its contents are not known to the compiler */
const volatile uint8_t smelt_memory_image[SMELT_MODEL_MEMORY_BYTES] = {1};

static uint8_t memory[SMELT_MODEL_MEMORY_BYTES] SMELT_ALIGN(SMELT_MODEL_ARENA_ALIGNMENT);

int main(void) {
    static const char digits[] = "0123456789abcdef";
    char line[2 * LINE_BYTES + 2];
    for (int32_t i = 0; i < SMELT_MODEL_MEMORY_BYTES; i++) {
        memory[i] = smelt_memory_image[i];
    }
    smelt_semihosting_write("status ");
    smelt_semihosting_write_int(SMELT_MODEL_INVOKE(SMELT_MODEL_ARGUMENTS));
    smelt_semihosting_write("\n");
    for (int32_t start = 0; start < SMELT_MODEL_MEMORY_BYTES; start += LINE_BYTES) {
        int32_t length = 0;
        for (int32_t i = start; i < SMELT_MODEL_MEMORY_BYTES && i < start + LINE_BYTES; i++) {
            line[length++] = digits[memory[i] >> 4];
            line[length++] = digits[memory[i] & 15];
        }
        line[length++] = '\n';
        line[length] = '\0';
        smelt_semihosting_write(line);
    }
    return 0;
}
