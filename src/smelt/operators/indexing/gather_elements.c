/* Copies, for each index, the element that it names along one dimension. */
#include "indexing.h"

void smelt_gather_elements(void *output, const void *data, const void *indices, int32_t outer, int32_t size, int32_t count,
                           int32_t inner, int32_t bytes, int32_t index_words) {
    const int32_t *words = indices;
    uint8_t *to = output;
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t k = 0; k < count; k++) {
            for (int32_t i = 0; i < inner; i++) {
                const int32_t index = smelt_index(words, index_words, size);
                const uint8_t *from = (const uint8_t *)data + ((o * size + index) * inner + i) * bytes;
                for (int32_t b = 0; b < bytes; b++) {
                    *to++ = from[b];
                }
                words += index_words;
            }
        }
    }
}
