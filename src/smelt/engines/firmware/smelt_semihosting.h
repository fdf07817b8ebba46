/* Talking to the computer that runs or debugs the firmware: semihosting, on emulators and debug probes.
 * On a bare board without a probe these calls stop the core; production firmware does not use them. */
#ifndef SMELT_SEMIHOSTING_H
#define SMELT_SEMIHOSTING_H

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a zero-terminated text to the host's console (operation SYS_WRITE0). */
void smelt_semihosting_write(const char *text);

/* Writes a signed decimal number to the host's console. */
void smelt_semihosting_write_int(long value);

/* Ends the program with a status, 0 for success (SYS_EXIT_EXTENDED, then SYS_EXIT). Does not return. */
void smelt_semihosting_exit(int status);

#ifdef __cplusplus
}
#endif

#endif
