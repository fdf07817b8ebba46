/* Copies the runs that tuples of indices name. */
#include "indexing.h"

#include <string.h>

void smelt_gather_nd(void *output, const void *data, const void *indices, const struct smelt_places *places) {
    const uint8_t *from = data;
    const int32_t *tuple = indices;
    uint8_t *to = output;
    for (int32_t batch = 0; batch < places->batches; batch++) {
        for (int32_t row = 0; row < places->rows; row++) {
            memcpy(to, from + smelt_place(places, tuple), (size_t)places->run);
            tuple += places->depth * places->index_words;
            to += places->run;
        }
        from += places->batch_bytes;
    }
}
