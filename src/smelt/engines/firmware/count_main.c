/* Counts instructions by a timer: runs the network once between readings of the 64-bit counter of Arm's SSE-300
 * (32 MHz) under QEMU's -icount shift=10, which gives every instruction 1024 ns: 32.768 ticks, so that the rounded
 * quotient is the number of instructions.
 *
 * Prints "status <n>"; "stack <bytes>"; "instructions <n>" of the run; then, for a model that calls
 * smelt_layer(number) before each call of a kernel, "layer <number> <n>" for each. What the readings themselves take
 * is subtracted. */
#include SMELT_MODEL_HEADER
#include "smelt_semihosting.h"

#define COUNTER_CONTROL (*(volatile uint32_t *)0x58100000u)
#define COUNTER_LOW (*(volatile uint32_t *)0x58100008u)
#define COUNTER_HIGH (*(volatile uint32_t *)0x5810000Cu)
#define MARKS 4096
#define PAINT 0xA5u
#define PAINTED_BYTES 16384 /* below the frame of main */

/* volatile: its contents are not known to the compiler */
const volatile uint8_t smelt_memory_image[SMELT_MODEL_MEMORY_BYTES] = {1};

static uint8_t memory[SMELT_MODEL_MEMORY_BYTES] SMELT_ALIGN(SMELT_MODEL_ARENA_ALIGNMENT);
static uint64_t marks[MARKS];
static int16_t numbers[MARKS];
static int32_t marked;

void smelt_layer(int32_t number);
int main(void);

/* Reads the counter. Not inlined: a reading costs the same everywhere. */
__attribute__((noinline)) void smelt_layer(int32_t number) {
    uint32_t high, low;
    do {
        high = COUNTER_HIGH;
        low = COUNTER_LOW;
    } while (COUNTER_HIGH != high);
    if (marked < MARKS) {
        numbers[marked] = (int16_t)number;
        marks[marked++] = ((uint64_t)high << 32) | low;
    }
}

static void print(const char *name, int32_t value) {
    smelt_semihosting_write(name);
    smelt_semihosting_write_int(value);
    smelt_semihosting_write("\n");
}

static int32_t instructions(int32_t from, int32_t to) {
    const uint64_t ticks = marks[to] - marks[from];
    return (int32_t)((ticks * 1000u + (1u << 14)) >> 15);
}

int main(void) {
    for (int32_t i = 0; i < SMELT_MODEL_MEMORY_BYTES; i++) {
        memory[i] = smelt_memory_image[i];
    }
    volatile uint8_t *stack;
    __asm volatile("mov %0, sp" : "=r"(stack));
    for (int32_t i = 1; i <= PAINTED_BYTES; i++) {
        stack[-i] = PAINT;
    }
    COUNTER_CONTROL = 1;
    smelt_layer(0);
    smelt_layer(0);
    const int status = SMELT_MODEL_INVOKE(SMELT_MODEL_ARGUMENTS);
    smelt_layer(0);
    int32_t depth = PAINTED_BYTES;
    while (depth > 0 && stack[-depth] == PAINT) {
        depth--;
    }
    const int32_t reading = instructions(0, 1);
    print("status ", status);
    print("stack ", depth);
    print("instructions ", instructions(1, marked - 1) - reading);
    for (int32_t i = 2; i + 1 < marked; i++) {
        smelt_semihosting_write("layer ");
        smelt_semihosting_write_int(numbers[i]);
        print(" ", instructions(i, i + 1) - reading);
    }
    return 0;
}
