/* Copies the slices that indices name. */
#include "selection.h"

#include <string.h>

SMELT_CODE_SECTION
static int32_t slice_at(const int32_t *words, int32_t index_words, int32_t size) {
    int32_t index = words[0];
    if (index_words == 2 && words[1] != (index < 0 ? -1 : 0)) {
        index = words[1] < 0 ? -size : size;
    }
    if (index < 0) {
        index = index < -size ? 0 : index + size;
    }
    return index < size ? index : size - 1;
}

SMELT_CODE_SECTION
void smelt_gather(void *output, const void *data, const void *indices,
                  const struct smelt_gather_parameters *parameters) {
    const struct smelt_gather_parameters p = *parameters;
    const uint8_t *from = data;
    const int32_t *words = indices;
    uint8_t *to = output;
    for (int32_t batch = 0; batch < p.batches; batch++) {
        for (int32_t outer = 0; outer < p.outer; outer++) {
            for (int32_t i = 0; i < p.indices; i++) {
                memcpy(to, from + slice_at(words + i * p.index_words, p.index_words, p.size) * p.run, (size_t)p.run);
                to += p.run;
            }
            from += p.size * p.run;
        }
        words += p.indices * p.index_words;
    }
}
