/* Copies of receptive fields with Helium vectors. */
#ifndef SMELT_WINDOW_ARM_MVE_H
#define SMELT_WINDOW_ARM_MVE_H

#include <arm_mve.h>
#include <stdint.h>

#include "smelt_window.h"

/* Copy `count` >= 0 bytes; returns where they end. Nothing is read or written behind them. */
static inline int8_t *smelt_copy_s8__arm_mve(int8_t *to, const int8_t *from, int32_t count) {
    int8_t *const end = to + count;
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.8 q0, [%[from]], #16\n\t"
                   "vstrb.8 q0, [%[to]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [to] "+r"(to), [from] "+r"(from)
                   : [count] "r"(count)
                   : "lr", "q0", "memory");
    return end;
}

static inline int32_t smelt_least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* Copy the field with these rows whose first tap is in column `column`, all channels; taps outside the image are
 * `pad`. */
void smelt_gather_s8__arm_mve(int8_t *field, const int8_t *image, const struct smelt_window *window,
                              const struct smelt_field_rows *rows, int32_t column, int8_t pad);

#endif
