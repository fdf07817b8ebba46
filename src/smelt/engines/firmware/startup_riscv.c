/* Reset of a bare RV32 core in machine mode: stack, trap vector, RAM, main, exit. */
#include "smelt_semihosting.h"

#include <stdint.h>

#define FAULT_STATUS 125

/* Placed by the linker script. */
extern uint32_t smelt_data_load[], smelt_data_start[], smelt_data_end[];
extern uint32_t smelt_bss_start[], smelt_bss_end[];

int main(void);
void smelt_reset_handler(void);
void smelt_start(void);
void smelt_default_handler(void);

/* No C can run before sp is set. */
__attribute__((section(".vectors"), used, naked)) void smelt_reset_handler(void)
{
    __asm__ volatile("la sp, smelt_stack_top\n\t"
                     "la t0, smelt_default_handler\n\t"
                     "csrw mtvec, t0\n\t"
                     "j smelt_start\n");
}

__attribute__((used)) void smelt_start(void)
{
    const uint32_t *source = smelt_data_load;
    for (volatile uint32_t *word = smelt_data_start; word < smelt_data_end; word++) {
        *word = *source++;
    }
    for (volatile uint32_t *word = smelt_bss_start; word < smelt_bss_end; word++) {
        *word = 0u;
    }
    smelt_semihosting_exit(main());
}

__attribute__((weak, used, aligned(4))) void smelt_default_handler(void)
{
    smelt_semihosting_write("smelt: unhandled trap\n");
    smelt_semihosting_exit(FAULT_STATUS);
}
