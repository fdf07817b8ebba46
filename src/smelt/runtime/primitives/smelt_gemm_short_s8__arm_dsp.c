/* Two pixels of 8, 16 or 32 values times four channels at a time; see the header. */
#include "smelt_gemm_short_s8__arm_dsp.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

#include "smelt_gemm_two__arm_dsp.h"

/* The assembly reads these members at these places, and has the shift as an immediate. */
typedef char short_layout_is_known[offsetof(struct smelt_gemm_s8__arm_dsp, weights) == 0 && SMELT_GEMM_SHIFT == 9 &&
                                           offsetof(struct smelt_gemm_short_s8, last) == 4 &&
                                           offsetof(struct smelt_gemm_short_s8, pairs) == 8 &&
                                           offsetof(struct smelt_gemm_short_s8, input_step) == 12 &&
                                           offsetof(struct smelt_gemm_short_s8, output_step) == 16
                                       ? 1
                                       : -1];

/* A function for a depth; `words` are the places of the words of four input values, `pairs` those of the expanded pairs
 * but the first, `after` is where the weights of a block end.
 *
 * Expanding: r0 pairs, r1 r3 values of both pixels, r2 r4 four of each, r5 r6 expanded
 * Blocks: see smelt_gemm_two__arm_dsp.h.
 * Stack: 0 the byte before the output, 4 the next pixel's input, 8 pairs of pixels left, 12 output_step, 16 the last word of
 *   weights, 20 the word before them, 24 pairs, 28 input_step. */
#define SMELT_GEMM_SHORT(name, depth, words, pairs, after)                                               \
    SMELT_CODE_SECTION                                                                                   \
    void __attribute__((naked, noinline))                                                                \
    name(__attribute__((unused)) int8_t *output, __attribute__((unused)) const int8_t *input,            \
         __attribute__((unused)) int32_t count,                                                          \
         __attribute__((unused)) const struct smelt_gemm_short_s8 *pixels) {                             \
        __asm volatile(                                                                                  \
            ".syntax unified\n"                                                                          \
            "push    {r4-r11, lr}\n"                                                                     \
            "sub     sp, #36\n"                                                                          \
            "ldm     r3, {r4-r8}\n"                                                                      \
            "ldr     r4, [r4]\n"                                                                         \
            "subs    r0, #1\n"                                                                           \
            "subs    r4, #4\n"                                                                           \
            "str     r0, [sp]\n"                                                                         \
            "str     r2, [sp, #8]\n"                                                                     \
            "str     r8, [sp, #12]\n"                                                                    \
            "str     r5, [sp, #16]\n"                                                                    \
            "str     r4, [sp, #20]\n"                                                                    \
            "str     r6, [sp, #24]\n"                                                                    \
            "str     r7, [sp, #28]\n"                                                                    \
            "1:\n" /* two pixels */                                                                      \
            "ldr     r0, [sp, #24]\n"                                                                    \
            "ldr     r3, [sp, #28]\n"                                                                    \
            "add     r3, r3, r1\n"                                                                       \
            ".irp    at, " words "\n"                                                                    \
            "ldr     r2, [r1, #\\at]\n"                                                                  \
            "ldr     r4, [r3, #\\at]\n"                                                                  \
            "sxtb16  r5, r2\n"                                                                           \
            "sxtb16  r6, r4\n"                                                                           \
            "sxtb16  r2, r2, ror #8\n"                                                                   \
            "sxtb16  r4, r4, ror #8\n"                                                                   \
            "str     r5, [r0, #4*\\at]\n"                                                                \
            "str     r6, [r0, #4*\\at + 4]\n"                                                            \
            "str     r2, [r0, #4*\\at + 8]\n"                                                            \
            "str     r4, [r0, #4*\\at + 12]\n"                                                           \
            ".endr\n"                                                                                    \
            "add     r3, r3, #" depth "\n"                                                               \
            "str     r3, [sp, #4]\n"                                                                     \
            "ldr     r1, [sp, #20]\n"                                                                    \
            ".balign 4\n"                                                                                \
            "2:\n" /* a block */                                                                         \
            SMELT_GEMM_FIRST("4")                                                                        \
            ".irp    at, " pairs "\n"                                                                    \
            "ldr     r2, [r0, #\\at]\n"                                                                  \
            "ldr     r3, [r0, #\\at + 4]\n"                                                              \
            "ldr     r4, [r1, #\\at]\n"                                                                  \
            "ldr     r5, [r1, #\\at + 4]\n"                                                              \
            SMELT_GEMM_PRODUCTS                                                                          \
            ".endr\n"                                                                                    \
            SMELT_GEMM_SUMS(after)                                                                       \
            SMELT_GEMM_STORE                                                                             \
            "str     r0, [sp]\n"                                                                         \
            "ldr     r0, [sp, #24]\n"                                                                    \
            "bne     2b\n"                                                                               \
            "ldr     r0, [sp]\n"                                                                         \
            "ldr     r2, [sp, #12]\n"                                                                    \
            "ldr     r3, [sp, #8]\n"                                                                     \
            "ldr     r1, [sp, #4]\n"                                                                     \
            "add     r0, r0, r2\n"                                                                       \
            "str     r0, [sp]\n"                                                                         \
            "subs    r3, #1\n"                                                                           \
            "str     r3, [sp, #8]\n"                                                                     \
            "bne     1b\n"                                                                               \
            "add     sp, #36\n"                                                                          \
            "pop     {r4-r11, pc}\n");                                                                   \
    }

#define PAIRS_OF_8 "8, 16, 24"
#define PAIRS_OF_16 PAIRS_OF_8 ", 32, 40, 48, 56"
#define PAIRS_OF_32 PAIRS_OF_16 ", 64, 72, 80, 88, 96, 104, 112, 120"
SMELT_GEMM_SHORT(smelt_gemm_short_8_s8__arm_dsp, "8", "0, 4", PAIRS_OF_8, "32")
SMELT_GEMM_SHORT(smelt_gemm_short_16_s8__arm_dsp, "16", "0, 4, 8, 12", PAIRS_OF_16, "64")
SMELT_GEMM_SHORT(smelt_gemm_short_32_s8__arm_dsp, "32", "0, 4, 8, 12, 16, 20, 24, 28", PAIRS_OF_32, "128")

#else

/* The same in C, for other cores: what the tests of the packed form run on a computer. */
#include "smelt_gemm_words.h"

/* Expand a pixel to every second word of `pairs`. */
SMELT_CODE_SECTION
static void expand_pixel(uint32_t *pairs, const int8_t *values, int32_t depth) {
    for (int32_t i = 0; i < depth; i += 4) {
        pairs[i] = smelt_pair(values[i], values[i + 2]);
        pairs[i + 2] = smelt_pair(values[i + 1], values[i + 3]);
    }
}

SMELT_CODE_SECTION
static void multiply_pixels(int8_t *output, const int8_t *input, int32_t count, const struct smelt_gemm_short_s8 *pixels) {
    const struct smelt_gemm_s8__arm_dsp *gemm = pixels->gemm;
    uint32_t *pairs = pixels->pairs;
    for (; count > 0; count--) {
        expand_pixel(pairs, input, gemm->depth);
        input += pixels->input_step;
        expand_pixel(pairs + 1, input, gemm->depth);
        input += gemm->depth;
        /* The second pixel may go to the place of the first. */
        smelt_gemm_pixel(output + pixels->output_step, pairs + 1, gemm);
        smelt_gemm_pixel(output, pairs, gemm);
        output += gemm->channels + pixels->output_step;
    }
}

#define SMELT_GEMM_SHORT(name)                                                                                         \
    SMELT_CODE_SECTION                                                                                                 \
    void name(int8_t *output, const int8_t *input, int32_t count, const struct smelt_gemm_short_s8 *pixels) {          \
        multiply_pixels(output, input, count, pixels);                                                                 \
    }

SMELT_GEMM_SHORT(smelt_gemm_short_8_s8__arm_dsp)
SMELT_GEMM_SHORT(smelt_gemm_short_16_s8__arm_dsp)
SMELT_GEMM_SHORT(smelt_gemm_short_32_s8__arm_dsp)

#endif
