/* Vector table and reset of a bare Cortex-M: RAM, FPU, main, exit. */
#include "smelt_semihosting.h"

#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_CP10_CP11_FULL (0xFu << 20)
#define FAULT_STATUS 125
#define EXCEPTIONS 15

/* Placed by the linker script. */
extern uint32_t smelt_data_load[], smelt_data_start[], smelt_data_end[];
extern uint32_t smelt_bss_start[], smelt_bss_end[];
extern uint32_t smelt_stack_top[];

int main(void);
void smelt_reset_handler(void);
void smelt_default_handler(void);

typedef struct {
    uint32_t *stack_top;
    void (*handlers[EXCEPTIONS])(void);
} vector_table;

extern const vector_table smelt_vectors;
__attribute__((section(".vectors"), used)) const vector_table smelt_vectors = {
    smelt_stack_top,
    {smelt_reset_handler, smelt_default_handler, smelt_default_handler, smelt_default_handler, smelt_default_handler,
     smelt_default_handler, 0, 0, 0, 0, smelt_default_handler, smelt_default_handler, 0,
     smelt_default_handler, smelt_default_handler},
};

void smelt_reset_handler(void)
{
    const uint32_t *source = smelt_data_load;
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= CPACR_CP10_CP11_FULL;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    for (volatile uint32_t *word = smelt_data_start; word < smelt_data_end; word++) {
        *word = *source++;
    }
    for (volatile uint32_t *word = smelt_bss_start; word < smelt_bss_end; word++) {
        *word = 0u;
    }
    smelt_semihosting_exit(main());
}

__attribute__((weak)) void smelt_default_handler(void)
{
    smelt_semihosting_write("smelt: unhandled exception\n");
    smelt_semihosting_exit(FAULT_STATUS);
}
