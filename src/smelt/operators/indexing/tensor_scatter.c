/* Copies the data, then the updates over what tuples of indices name. */
#include "indexing.h"

#include <string.h>

void smelt_tensor_scatter(void *output, const void *data, const void *indices, const void *updates,
                          const struct smelt_places *places, int32_t bytes) {
    const uint8_t *from = updates;
    const int32_t *tuple = indices;
    memcpy(output, data, (size_t)bytes);
    for (int32_t row = 0; row < places->rows; row++) {
        memcpy((uint8_t *)output + smelt_place(places, tuple), from, (size_t)places->run);
        tuple += places->depth * places->index_words;
        from += places->run;
    }
}
