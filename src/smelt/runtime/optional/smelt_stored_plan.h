/* Plans of the arena that are stored in the file. */
#ifndef SMELT_STORED_PLAN_H
#define SMELT_STORED_PLAN_H

#include "smelt_interpreter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Counts up with what operators ask for as scratch memory. */
enum { SMELT_KERNEL_CONTRACT = 1 };

/* The core for which a plan was made: the kind of kernels. */
enum smelt_plan_core { SMELT_PLAN_PORTABLE = 0, SMELT_PLAN_DSP = 1, SMELT_PLAN_MVE = 2 };

/* For smelt_setup: takes the plan that `smelt arena --store-plan` put into the file, or else that of TensorFlow Lite's
 * metadata OfflineMemoryAllocation. One that does not fit is ignored: made for other kernels, another core or another
 * file, or with places that are not aligned, outside, or of another tensor that lives at the same time,
 * or so that the rest does not fit around it. */
void smelt_stored_plan(struct smelt_interpreter *interpreter, uint32_t start);

#ifdef __cplusplus
}
#endif

#endif
