#include "clip.h"
#include "smelt_interpreter_operators.h"
#include "smelt_node.h"

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y;
    const enum smelt_status status = smelt_node_unary(node, SMELT_F32, SMELT_F32, &x, &y);
    if (status != SMELT_OK) {
        return status;
    }
    const struct smelt_vector options = smelt_custom_options(node);
    SMELT_REQUIRE(node, x.elements == y.elements, "the number of elements must stay");
    SMELT_REQUIRE(node, options.count == 8, "the options must be two numbers");
    if (smelt_ready(node)) {
        struct clip_parameters bounds;
        memcpy(&bounds, node->interpreter->file.bytes + options.at, sizeof bounds);
        clip_f32(y.data, x.data, &bounds, y.elements);
    }
    return SMELT_OK;
}

extern const struct smelt_custom_operator smelt_operator_clip_f32;
const struct smelt_custom_operator smelt_operator_clip_f32 = {{SMELT_CODE_CUSTOM, SMELT_F32, run}, "Clip"};
