/* What the interpreter's operators are made of. An operator has one function, `run`. It reads the tensors and options of
 * its node, checks all that its kernel relies on, asks for memory, and where smelt_ready says so calls the kernel. It is
 * called once before the memory plan is made (nothing is ready, data of activations are NULL) and in every invocation. */
#ifndef SMELT_NODE_H
#define SMELT_NODE_H

#include <stddef.h>

#include "smelt_file.h"
#include "smelt_interpreter.h"
#include "smelt_placement.h"

#ifdef SMELT_NO_MESSAGES
#define SMELT_MESSAGE(text) NULL
#else
#define SMELT_MESSAGE(text) text
#endif

struct smelt_node {
    struct smelt_interpreter *interpreter;
    struct smelt_vector inputs, outputs;
    uint32_t options;  /* the table of built-in options, or 0 */
    uint32_t scratch;  /* bytes asked for so far */
    uint32_t kept;     /* where what is kept begins in the arena */
    uint16_t index;
    uint8_t preparing;
};

/* Report an error and return its status; `tensor` is a number of the graph, or -1. */
enum smelt_status smelt_fail(struct smelt_interpreter *interpreter, enum smelt_status status, int32_t node,
                             int32_t tensor, const char *message);

/* Unless the condition holds, the node cannot be run. */
#define SMELT_REQUIRE(node, condition, message)                                              \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            return smelt_refuse(node, SMELT_MESSAGE(message));                               \
        }                                                                                    \
    } while (0)

enum smelt_status smelt_refuse(struct smelt_node *node, const char *message);

/* Describe input or output `index`; an error where it is absent or of another type, unless that is SMELT_ANY. */
enum smelt_status smelt_node_input(struct smelt_node *node, uint32_t index, uint32_t type,
                                   struct smelt_tensor *tensor);
enum smelt_status smelt_node_output(struct smelt_node *node, uint32_t index, uint32_t type,
                                    struct smelt_tensor *tensor);

/* Describe input `index`, which the operator may write: a variable, and no other input of the node. */
enum smelt_status smelt_node_variable(struct smelt_node *node, uint32_t index, uint32_t type,
                                      struct smelt_tensor *tensor);

/* Whether there is an input `index`, which may be left out. */
int smelt_node_has(struct smelt_node *node, uint32_t index);

/* The size of dimension `axis`, which must be below the tensor's rank; for tensors of more than four dimensions too. */
static inline int32_t smelt_dimension(const struct smelt_node *node, const struct smelt_tensor *tensor, uint32_t axis) {
    return (int32_t)smelt_file_word(&node->interpreter->file, tensor->dimensions.at + 4 * axis);
}

/* Bytes of an element; 0 for int4. */
static inline uint32_t smelt_element_bytes(const struct smelt_tensor *tensor) {
    return tensor->type == SMELT_S4 || tensor->elements == 0 ? 0 : tensor->bytes / (uint32_t)tensor->elements;
}

/* The bytes that a custom operator has as options: positions in the file. */
struct smelt_vector smelt_custom_options(struct smelt_node *node);

/* Input 0 and output 0 of given types. */
enum smelt_status smelt_node_unary(struct smelt_node *node, enum smelt_type input, enum smelt_type output,
                                   struct smelt_tensor *x, struct smelt_tensor *y);

/* Input 2, if there is one: a word a channel; *bias becomes NULL where there is none. */
enum smelt_status smelt_read_bias(struct smelt_node *node, int32_t channels, struct smelt_tensor *tensor,
                                  const struct smelt_tensor **bias);

/* Check that weights, which were described as of SMELT_ANY, are int8 or int4, and give them as int8: the latter unpacked to
 * scratch memory. */
enum smelt_status smelt_weights_s8(struct smelt_node *node, const struct smelt_tensor *w, const int8_t **weights);

/* `bytes` bytes of the arena for this call alone; NULL while preparing. */
void *smelt_scratch(struct smelt_node *node, uint32_t bytes);

/* `bytes` bytes of the arena that only this node uses, the same in every call; asked for once. NULL where the arena is
 * too small. */
void *smelt_keep(struct smelt_node *node, uint32_t bytes);

/* As smelt_keep, of zeros until the first call and after every smelt_reset; for a node that keeps nothing else. */
void *smelt_node_state(struct smelt_node *node, uint32_t bytes);

/* Whether to call the kernel. */
static inline int smelt_ready(const struct smelt_node *node) {
    return !node->preparing;
}

/* Bounds of an int8 or int16 output with a fused activation. */
struct smelt_bounds {
    int16_t low, high;
};

enum smelt_status smelt_activation_bounds(struct smelt_node *node, const struct smelt_tensor *y, uint32_t activation,
                                          struct smelt_bounds *bounds);

/* Bounds of a float32 output with a fused activation: infinite without one, else finite. */
enum smelt_status smelt_real_bounds(struct smelt_node *node, uint32_t activation, float *low, float *high);

/* Input 2, a number a channel, or zeros in scratch memory where there is none. NULL while preparing. */
enum smelt_status smelt_real_bias(struct smelt_node *node, int32_t channels, const float **bias);

/* What sums of products of real data and int8 weights `w` become: one scale, or one a channel, bias and bounds. There are at
 * most `products` in a sum, which must fit 32 bits. */
struct smelt_narrow_f32;
enum smelt_status smelt_read_narrow(struct smelt_node *node, const struct smelt_tensor *w, int32_t channels, int32_t products,
                                    uint32_t activation, struct smelt_narrow_f32 *narrow);

/* A fixed-point multiplier: mantissa / 2^31 * 2^shift. */
struct smelt_multiplier {
    int32_t mantissa, shift;
};

/* a * b / c of float32 numbers given by their bits; `rounded`: the product is rounded to float32 first, and where that is
 * SMELT_QUOTIENT_ROUNDED the quotient too. 0 for success.
 * The result is that of C's double arithmetic and of QuantizeMultiplier in TensorFlow Lite. */
enum { SMELT_ONE = 0x3F800000, SMELT_QUOTIENT_ROUNDED = 2 };
int smelt_derive_multiplier(struct smelt_multiplier *multiplier, uint32_t a, uint32_t b, uint32_t c, int rounded);

/* round(a / b), ties away from zero, after a division in float32; 2^24 for all that is larger. Positive numbers. */
int32_t smelt_rounded_quotient(uint32_t a, uint32_t b);

enum { SMELT_ONE_SCALE = -1 };

/* The scale of x times that of w divided by that of y for each of `channels` channels, or once for all where that is
 * SMELT_ONE_SCALE (then the product is rounded to float32). Where there is a bias that is nowhere larger than
 * `largest_bias`, unless all weights of its row are 0, and no shift is positive, they are brought into the form that
 * `fast` kernels of smelt_natural_s8.h need. */
struct smelt_scaling {
    const struct smelt_tensor *x, *w, *y, *bias; /* bias: NULL where there is none */
    int32_t channels;
    int32_t largest_bias;
};

/* What sums of int8 data x with int8 weights w become: bias (input 2), a multiplier a channel, or one of the weights' one
 * scale where `channels` is SMELT_ONE_SCALE, and bounds. */
struct smelt_rows_s8;
enum smelt_status smelt_read_rows_s8(struct smelt_node *node, const struct smelt_scaling *scaling, int32_t outputs,
                                     uint32_t activation, struct smelt_rows_s8 *rows);

/* The same of 64-bit sums of int16 data, with an int64 bias. Zero points must be 0. */
struct smelt_rows_s16;
enum smelt_status smelt_read_rows_s16(struct smelt_node *node, const struct smelt_scaling *scaling, int32_t outputs,
                                      uint32_t activation, struct smelt_rows_s16 *rows);

/* A word, 1 where that is so, then mantissa and shift of each; NULL where there is no memory yet. */
enum smelt_status smelt_channel_scales(struct smelt_node *node, const struct smelt_scaling *scaling,
                                       const int32_t **scales);

#endif
