/* One loop for coded and raw bytes: these have a code without a prefix. */
#include "smelt_unpack_s8.h"

#define RAW_PREFIX_BITS 1
SMELT_WEIGHTS_SECTION
static const uint16_t raw_codes[2] = {8u << 4, 8u << 4}; /* no prefix, eight raw bits */

struct reader {
    const uint8_t *stream;
    uint32_t bits;     /* the next bits, from the highest one on */
    int32_t available; /* of them */
};

SMELT_CODE_SECTION
static uint8_t *unpack(uint8_t *to, struct reader *reader, uint32_t count, const uint16_t *codes, int32_t prefix_bits,
                       int32_t pairs) {
    uint32_t bits = reader->bits;
    int32_t available = reader->available;
    const uint8_t *stream = reader->stream;
    int32_t borrow = 0;
    for (; count > 0; count--) {
        if (available < 16) { /* a value may take 14 */
            const uint32_t next = (uint32_t)stream[0] << 8 | stream[1];
            bits |= next << (16 - available);
            stream += 2;
            available += 16;
        }
        const int32_t code = codes[bits >> (32 - prefix_bits)];
        const int32_t length = code & 15, raw_bits = code >> 4 & 15;
        bits <<= length;
        const int32_t value = (code >> 8) + (int32_t)(bits >> 1 >> (31 - raw_bits));
        bits <<= raw_bits;
        available -= length + raw_bits;
        *to++ = (uint8_t)(value - borrow);
        borrow = value >> 7 & pairs & (int32_t)(uintptr_t)to; /* even weights lie at even addresses */
    }
    reader->bits = bits;
    reader->available = available;
    reader->stream = stream;
    return to;
}

SMELT_CODE_SECTION
void *smelt_unpack_s8(void *to, const struct smelt_packed_s8 *packed, int32_t slice) {
    struct reader reader = {packed->stream, 0, 0};
    uint8_t *end = to;
    for (;; slice--) {
        const uint8_t *const length = reader.stream;
        reader.stream += 3;
        if (slice == 0) {
            break;
        }
        reader.stream += length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16;
    }
    end = unpack(end, &reader, packed->head, raw_codes, RAW_PREFIX_BITS, 0);
    for (int32_t left = packed->repeats; left > 0; left--) {
        end = unpack(end, &reader, packed->before, raw_codes, RAW_PREFIX_BITS, 0);
        end = unpack(end, &reader, packed->coded, packed->codes, packed->prefix_bits, packed->pairs);
        end = unpack(end, &reader, packed->after, raw_codes, RAW_PREFIX_BITS, 0);
    }
    unpack(end, &reader, packed->tail, raw_codes, RAW_PREFIX_BITS, 0);
    const uint8_t *from = packed->parameters;
    uint8_t *const copy = (uint8_t *)to + packed->parameters_at;
    for (int32_t i = 0; i < packed->parameters_bytes; i++) {
        copy[i] = from[i];
    }
    return copy;
}

SMELT_CODE_SECTION
void smelt_place_channels_s8(int8_t *output, const void *outputs, int32_t pixels, int32_t count,
                             int32_t output_channels) {
    const int8_t *from = outputs;
    for (; pixels > 0; pixels--) {
        for (int32_t c = 0; c < count; c++) {
            output[c] = *from++;
        }
        output += output_channels;
    }
}
