/* Counts executed basic blocks of an emulated core: the callback of unicorn's UC_HOOK_BLOCK.
 * Compiled for this computer when it is first needed; its twin in Python is block_counter.py. */
#include <stdint.h>

/* Field for field the ctypes structure of block_counter.py. Arrays are indexed by halfword of code;
 * `executions` and `taken` hold one such row a phase. */
struct block_counter {
    uint64_t code_base;
    uint64_t halfwords;
    uint64_t *executions;
    uint64_t *taken;
    uint32_t *block_bytes;
    const uint16_t *phase_at; /* 0: stay in the phase; n: phase n - 1 begins */
    int (*stop)(void *engine);
    uint64_t phase;
    uint64_t previous_slot; /* of `taken`, where the last block's exit is booked */
    uint64_t previous_end;
    uint64_t has_previous;
    uint64_t conflicts;    /* blocks seen with two lengths, which the counts could not tell apart */
    int64_t bytes_allowed; /* bytes of code still to be run before the engine is stopped */
};

void smelt_count_block(void *engine, uint64_t address, uint32_t bytes, void *user);

void smelt_count_block(void *engine, uint64_t address, uint32_t bytes, void *user)
{
    struct block_counter *counter = user;
    const uint64_t halfword = (address - counter->code_base) / 2u;
    uint64_t slot;
    uint16_t phase;

    if (counter->has_previous) {
        counter->taken[counter->previous_slot] += address != counter->previous_end;
        counter->has_previous = 0u;
    }
    if (address < counter->code_base || halfword + bytes / 2u > counter->halfwords || bytes == 0u) {
        return;
    }
    phase = counter->phase_at[halfword + bytes / 2u - 1u];
    if (phase != 0u) {
        counter->phase = phase - 1u;
    }
    if (counter->block_bytes[halfword] == 0u) {
        counter->block_bytes[halfword] = bytes;
    }
    counter->conflicts += counter->block_bytes[halfword] != bytes;
    slot = counter->phase * counter->halfwords + halfword;
    counter->executions[slot]++;
    counter->previous_slot = slot;
    counter->previous_end = address + bytes;
    counter->has_previous = 1u;
    counter->bytes_allowed -= bytes;
    if (counter->bytes_allowed < 0) {
        (void)counter->stop(engine);
    }
}
