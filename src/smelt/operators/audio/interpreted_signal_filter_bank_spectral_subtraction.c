#include "interpreted_signal.h"
#include "smelt_interpreter_operators.h"

enum { ODD_REST = 0, ODD = 1, CLAMPING = 2, LEAST = 3, CHANNELS = 4, EVEN_REST = 5, EVEN = 6, NOISE_BITS = 7, BITS = 8, OPTIONS };

static enum smelt_status run(struct smelt_node *node) {
    struct smelt_tensor x, y, noise;
    int32_t option[OPTIONS];
    enum smelt_status status = smelt_node_unary(node, SMELT_U32, SMELT_U32, &x, &y);
    for (uint32_t k = 0; k < OPTIONS && status == SMELT_OK; k++) {
        status = smelt_signal_option(node, k, &option[k]);
    }
    if (status != SMELT_OK || (status = smelt_node_output(node, 1, SMELT_U32, &noise)) != SMELT_OK) {
        return status;
    }
    SMELT_REQUIRE(node,
                  x.elements == option[CHANNELS] && y.elements == x.elements && noise.elements == x.elements &&
                      option[NOISE_BITS] >= 0 && option[NOISE_BITS] < 32 && option[BITS] >= 0 && option[BITS] < 32,
                  "channels or bits do not fit");
    void *const state = smelt_node_state(node, x.bytes);
    if (smelt_ready(node)) {
        const struct smelt_signal_subtraction parameters = {
            {(uint32_t)option[EVEN], (uint32_t)option[ODD]},
            {(uint32_t)option[EVEN_REST], (uint32_t)option[ODD_REST]},
            (uint32_t)option[LEAST], option[NOISE_BITS], option[BITS], x.elements, option[CLAMPING], 0};
        smelt_signal_filter_bank_spectral_subtraction_u32(y.data, noise.data, x.data, &parameters, state);
    }
    return SMELT_OK;
}

const struct smelt_custom_operator smelt_operator_signal_filter_bank_spectral_subtraction = {{SMELT_CODE_CUSTOM, SMELT_ANY, run}, "SignalFilterBankSpectralSubtraction"};
