#include "smelt_profile.h"

#include "smelt_records.h"

enum smelt_status smelt_invoke_profiled(struct smelt_interpreter *interpreter, const struct smelt_profile *profile) {
    enum smelt_status status = (enum smelt_status)interpreter->status;
    for (uint32_t index = 0; index < interpreter->nodes.count && status == SMELT_OK; index++) {
        const uint32_t before = profile->clock(profile->context);
        status = smelt_run_node(interpreter, index);
        if (index < profile->count) {
            profile->ticks[index] += profile->clock(profile->context) - before;
        }
    }
    return status;
}

uint32_t smelt_operator_count(const struct smelt_interpreter *interpreter) {
    return interpreter->nodes.count;
}
