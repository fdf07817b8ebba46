/* Sound to features, in integers: the signal operators of TensorFlow Lite Micro. */
#ifndef SMELT_SIGNAL_OPERATORS_H
#define SMELT_SIGNAL_OPERATORS_H

#include <stdint.h>

#include "smelt_placement.h"

/* `rows` times `size` samples, each times its weight of a window, shifted right. */
SMELT_CODE_SECTION
void smelt_signal_window_s16(int16_t *output, const int16_t *input, const int16_t *weights, int32_t rows, int32_t size,
                             int32_t shift);

/* Samples shifted left so that the loudest fills 16 bits, and by how many. */
SMELT_CODE_SECTION
void smelt_signal_fft_auto_scale_s16(int16_t *output, int32_t *bits, const int16_t *input, int32_t size);

/* The largest length of a transform, and the smallest. */
enum { SMELT_SIGNAL_LONGEST = 2048, SMELT_SIGNAL_SHORTEST = 4 };

/* The spectra of `rows` times `length` samples and zeros up to fft_length, a power of two: fft_length / 2 + 1 complex numbers
 * each, divided by fft_length. */
SMELT_CODE_SECTION
void smelt_signal_rfft_s16(int16_t *output, const int16_t *input, int32_t rows, int32_t length, int32_t fft_length);

/* The squares of `count` complex numbers from `start` on and before `end`; of the others 0. */
SMELT_CODE_SECTION
void smelt_signal_energy_s16(uint32_t *output, const int16_t *input, int32_t count, int32_t start, int32_t end);

/* A channel has the weighted inputs of its own range, and the unweighted ones of the range before. */
SMELT_CODE_SECTION
void smelt_signal_filter_bank_u32(uint64_t *output, const uint32_t *input, const int16_t *weights,
                                  const int16_t *unweights, const int16_t *starts, const int16_t *weight_starts,
                                  const int16_t *widths, int32_t channels);

/* Square roots, rounded to 16 bits for inputs of 32, shifted right by *bits; 0 where that is no number from 0 to 31. */
SMELT_CODE_SECTION
void smelt_signal_filter_bank_square_root_u64(uint32_t *output, const uint64_t *input, const int32_t *bits,
                                              int32_t channels);

/* Of even and of odd channels. */
struct smelt_signal_subtraction {
    uint32_t smoothing[2], one_minus_smoothing[2];
    uint32_t min_signal_remaining;
    int32_t smoothing_bits, bits, channels;
    int32_t clamping; /* the noise is at most the signal */
    int32_t fresh;    /* the noise begins at zero with this call */
};

/* `state` is the noise of each channel; `noise` becomes a copy of it. */
SMELT_CODE_SECTION
void smelt_signal_filter_bank_spectral_subtraction_u32(uint32_t *output, uint32_t *noise, const uint32_t *input,
                                                       const struct smelt_signal_subtraction *parameters, void *state);

enum { SMELT_SIGNAL_GAINS = 125 };

/* `gains` are parabolas over powers of two: SMELT_SIGNAL_GAINS numbers. */
SMELT_CODE_SECTION
void smelt_signal_pcan_u32(uint32_t *output, const uint32_t *input, const uint32_t *noise, const int16_t *gains,
                           int32_t channels, int32_t shift);

/* Natural logarithms of shifted inputs in units of 1 / scale. */
SMELT_CODE_SECTION
void smelt_signal_filter_bank_log_u32(int16_t *output, const uint32_t *input, int32_t channels, int32_t bits,
                                      int32_t scale);

/* Samples `delay` later; `state` has room for as many of each row. `fresh`: it begins at zero with this call. */
SMELT_CODE_SECTION
void smelt_signal_delay_s16(int16_t *output, const int16_t *input, int32_t rows, int32_t size, int32_t delay,
                            int32_t fresh, void *state);

/* Frames of `size` samples added up, each `step` after the one before; `state` has room for a frame of each row. */
SMELT_CODE_SECTION
void smelt_signal_overlap_add_s16(int16_t *output, const int16_t *input, int32_t rows, int32_t frames, int32_t size,
                                  int32_t step, int32_t fresh, void *state);

#endif
