/* How long each operator takes, by a clock of yours. */
#ifndef SMELT_PROFILE_H
#define SMELT_PROFILE_H

#include "smelt_interpreter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Ticks, which may run over. */
typedef uint32_t smelt_clock(void *context);

struct smelt_profile {
    smelt_clock *clock;
    void *context;
    uint32_t *ticks; /* of each operator, added up over invocations; set to 0 by you */
    uint32_t count;  /* of `ticks`; operators behind are run without being measured */
};

/* As smelt_invoke. */
enum smelt_status smelt_invoke_profiled(struct smelt_interpreter *interpreter, const struct smelt_profile *profile);

/* The number of operators of the model, which is that of ticks to have room for. */
uint32_t smelt_operator_count(const struct smelt_interpreter *interpreter);

#ifdef __cplusplus
}
#endif

#endif
