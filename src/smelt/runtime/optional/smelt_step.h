/* One operator at a time, for schedulers that must not wait for a whole invocation. */
#ifndef SMELT_STEP_H
#define SMELT_STEP_H

#include "smelt_interpreter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Run operator *next, and count on; behind the last one *next becomes 0 again, and the outputs can be read:
 *   uint32_t next = 0;
 *   do { status = smelt_invoke_step(&interpreter, &next); } while (status == SMELT_OK && next != 0);
 * Until then nothing in the arena may be changed, the inputs neither. */
enum smelt_status smelt_invoke_step(struct smelt_interpreter *interpreter, uint32_t *next);

#ifdef __cplusplus
}
#endif

#endif
