#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

enum { WEIGHTS = 1, UNWEIGHTS = 2, STARTS = 3, WEIGHT_STARTS = 4, WIDTHS = 5, INPUTS = 6 };

/* Whether ranges are inside; those that are not known yet are taken to be. */
static int inside(const struct smelt_tensor *starts, const struct smelt_tensor *widths, int32_t size) {
    const int16_t *const start = starts->data, *const width = widths->data;
    for (int32_t k = 0; start != NULL && width != NULL && k < starts->elements; k++) {
        if (start[k] < 0 || width[k] < 0 || start[k] + width[k] > size) {
            return 0;
        }
    }
    return 1;
}

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x[INPUTS], y;
    int32_t channels;
    enum smelt_status status = smelt_signal_option(node, 0, &channels);
    for (uint32_t k = 1; k < INPUTS && status == SMELT_OK; k++) {
        status = smelt_node_input(node, k, SMELT_S16, &x[k]);
    }
    if (status != SMELT_OK || (status = smelt_node_unary(node, SMELT_U32, SMELT_U64, &x[0], &y)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  channels > 0 && y.elements == channels && x[STARTS].elements - 1 == channels &&
                      x[WEIGHT_STARTS].elements - 1 == channels && x[WIDTHS].elements - 1 == channels &&
                      x[WEIGHTS].elements == x[UNWEIGHTS].elements && inside(&x[STARTS], &x[WIDTHS], x[0].elements) &&
                      inside(&x[WEIGHT_STARTS], &x[WIDTHS], x[WEIGHTS].elements),
                  "a channel reaches beyond the frequencies or weights");
    if (smelt_ready(node)) {
        smelt_signal_filter_bank_u32(y.data, x[0].data, x[WEIGHTS].data, x[UNWEIGHTS].data, x[STARTS].data,
                                     x[WEIGHT_STARTS].data, x[WIDTHS].data, channels);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_filter_bank = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalFilterBank"};
