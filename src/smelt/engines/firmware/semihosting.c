/* Semihosting for 32-bit Arm M-profile and RISC-V.
 * Source: Arm "Semihosting for AArch32 and AArch64" 2.0; "RISC-V Semihosting" 0.3. */
#include "smelt_semihosting.h"

#include <stdint.h>

#define SYS_WRITE0 0x04u
#define SYS_EXIT 0x18u
#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u
#define ADP_STOPPED_RUN_TIME_ERROR 0x20023u

static void semihosting_call(uint32_t operation, uintptr_t argument)
{
#if defined(__arm__)
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
#elif defined(__riscv)
    register uint32_t a0 __asm__("a0") = operation;
    register uintptr_t a1 __asm__("a1") = argument;
    /* The three instructions are the agreed marker: uncompressed, and inside one page. */
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop\n"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
#else
#error "semihosting is known for Arm M-profile and RISC-V only"
#endif
}

void smelt_semihosting_write(const char *text)
{
    semihosting_call(SYS_WRITE0, (uintptr_t)text);
}

void smelt_semihosting_write_int(long value)
{
    char text[12];
    char *digit = &text[sizeof text - 1u];
    unsigned long rest = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;
    *digit = '\0';
    do {
        *--digit = (char)('0' + (int)(rest % 10ul));
        rest /= 10ul;
    } while (rest != 0ul);
    if (value < 0) {
        *--digit = '-';
    }
    smelt_semihosting_write(digit);
}

void smelt_semihosting_exit(int status)
{
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)status};
    semihosting_call(SYS_EXIT_EXTENDED, (uintptr_t)block);
    /* A host without the extended call knows success and failure only. */
    semihosting_call(SYS_EXIT, status == 0 ? ADP_STOPPED_APPLICATION_EXIT : ADP_STOPPED_RUN_TIME_ERROR);
    for (;;) {
    }
}
