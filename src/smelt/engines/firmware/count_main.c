/* For machines whose instructions are counted by a timer: runs the network once between two readings, for QEMU's
 * -icount shift=10 (1024 ns an instruction) and the 64-bit counter of Arm's SSE-300 at 32 MHz.
 *
 * Prints "status <n>", "ticks <n>" of the run, "empty <n>" of two readings with nothing between, "stack <bytes>",
 * then "layer <ticks>" from each call of smelt_layer() to the next, the last one's to the end of the run. */
#include "model.h"
#include "smelt_semihosting.h"

#define COUNTER_CONTROL (*(volatile uint32_t *)0x58100000u)
#define COUNTER_LOW (*(volatile uint32_t *)0x58100008u)
#define COUNTER_HIGH (*(volatile uint32_t *)0x5810000Cu)
#define PAINT 0xA5A5A5A5u
#define STACK_WORDS 4096
#define STACK_SPARED_WORDS 64 /* of this function's own frame */
#define MOST_LAYERS 4096

/* volatile: its contents are not known to the compiler */
const volatile uint8_t smelt_arena_image[MODEL_ARENA_BYTES] = {1};

static uint8_t arena[MODEL_ARENA_BYTES] SMELT_ALIGN(MODEL_ARENA_ALIGNMENT);
static uint32_t starts[MOST_LAYERS];
static int32_t layers;

void smelt_layer(void);

static uint64_t ticks(void) {
    const uint32_t high = COUNTER_HIGH;
    uint32_t low = COUNTER_LOW;
    const uint32_t again = COUNTER_HIGH;
    if (again != high) {
        low = COUNTER_LOW;
    }
    return ((uint64_t)again << 32) | low;
}

/* Before each layer of an instrumented model. Differences of 32 bits are enough for one layer. */
void smelt_layer(void) {
    if (layers < MOST_LAYERS) {
        starts[layers++] = COUNTER_LOW;
    }
}

static void print(const char *name, uint32_t value) {
    smelt_semihosting_write(name);
    smelt_semihosting_write_int((long)value);
    smelt_semihosting_write("\n");
}
