#include "smelt_step.h"

#include "smelt_node.h"
#include "smelt_records.h"

enum smelt_status smelt_invoke_step(struct smelt_interpreter *interpreter, uint32_t *next) {
    const uint32_t count = interpreter->nodes.count;
    if (interpreter->status != SMELT_OK || count == 0) {
        return (enum smelt_status)interpreter->status;
    }
    if (*next >= count) {
        return smelt_fail(interpreter, SMELT_ERROR_INPUT, -1, -1, SMELT_MESSAGE("there is no such operator"));
    }
    const enum smelt_status status = smelt_run_node(interpreter, *next);
    *next = *next + 1 < count ? *next + 1 : 0;
    return status;
}
