/* Runs a .tflite file from flash, in one arena that the caller supplies: initialize once, then fill the inputs, invoke
 * and read the outputs as often as you like. Nothing is allocated after smelt_initialize, and nothing outside the arena
 * and the structures declared here is written, so that any number of interpreters can live side by side. */
#ifndef SMELT_INTERPRETER_H
#define SMELT_INTERPRETER_H

#include <stdint.h>
#include <string.h>

#include "smelt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SMELT_ARENA_ALIGNMENT = 8 };

/* Element types, with the numbers that .tflite files have for them. */
enum smelt_type {
    SMELT_F32 = 0,
    SMELT_F16 = 1,
    SMELT_S32 = 2,
    SMELT_U8 = 3,
    SMELT_S64 = 4,
    SMELT_BOOL = 6,
    SMELT_S16 = 7,
    SMELT_S8 = 9,
    SMELT_U64 = 12,
    SMELT_U32 = 15,
    SMELT_S4 = 17
};

struct smelt_node;
struct smelt_interpreter;

/* Instead of a type: all that there are. */
enum { SMELT_ANY = 0xFFFF };

/* An operator for one type of input 0, or for SMELT_ANY. `code` is its BuiltinOperator number in the TensorFlow Lite
 * schema. Of several that fit, the first of the list is taken. */
struct smelt_registration {
    uint16_t code;
    uint16_t type;
    enum smelt_status (*run)(struct smelt_node *node);
};

enum { SMELT_CODE_CUSTOM = 32 };

/* A custom operator, which files know by its name: `&custom.registration` goes into the list, with SMELT_CODE_CUSTOM. */
struct smelt_custom_operator {
    struct smelt_registration registration;
    const char *name;
};

/* What went wrong: numbers are -1, and texts are NULL, where there is none. With SMELT_NO_MESSAGES defined there are no
 * texts. `name` is that of the node's operator. */
struct smelt_error {
    enum smelt_status status;
    int32_t node, tensor;
    const char *message, *name;
};

typedef void smelt_report(void *context, const struct smelt_error *error);

/* Places what it will of what is planned, which begins at byte `start`; the rest is placed around it. */
typedef void smelt_planner(struct smelt_interpreter *interpreter, uint32_t start);

enum {
    /* Multipliers of channels are derived in every invocation instead of once: 8 bytes a channel of scratch memory, which
     * other tensors may use between, instead of 8 bytes of their own. */
    SMELT_MULTIPLIERS_AT_INVOKE = 1
};

/* Everything that an interpreter is told; the model, the operators and the arena must stay where they are. */
struct smelt_setup {
    const void *model; /* a .tflite file, aligned to 16 bytes */
    uint32_t model_bytes;
    const struct smelt_registration *const *operators;
    uint32_t operator_count;
    void *arena; /* aligned to SMELT_ARENA_ALIGNMENT bytes */
    uint32_t arena_bytes;
    uint32_t options;
    smelt_report *report; /* called with each error, or NULL */
    void *report_context;
    /* Where the planned section lies, aligned as the arena, which then needs only the others; NULL: in the arena.
     * Interpreters of which only one runs at a time can have it in common: from when an input of one is written until
     * its outputs are read, nothing else may use it. */
    void *shared;
    uint32_t shared_bytes;
    smelt_planner *planner; /* smelt_stored_plan of smelt_stored_plan.h, or NULL */
};

struct smelt_file {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t damaged;
};

/* Elements of a vector in the file, from byte `at` on. */
struct smelt_vector {
    uint32_t at, count;
};

/* For the functions below alone. */
struct smelt_interpreter {
    struct smelt_setup setup;
    struct smelt_file file;
    struct smelt_vector codes, inputs, outputs, tensors, nodes;
    uint32_t state_bytes, kept_bytes, planned_bytes, missing_bytes;
    int32_t status;
};

/* A tensor. Real numbers are scale * (integer - zero_point); without quantization the scale is 0. */
struct smelt_tensor {
    void *data;
    uint32_t bytes;
    int32_t elements;
    int32_t rank;
    int32_t shape[4]; /* the last four dimensions, behind ones where there are less */
    uint32_t type;
    uint32_t scale_bits; /* of the float32 scale */
    int32_t zero_point;
    struct smelt_vector scales; /* one a channel, or one */
    struct smelt_vector dimensions; /* all of them */
};

/* The scale of a tensor of one scale. */
static inline float smelt_scale(const struct smelt_tensor *tensor) {
    float scale;
    memcpy(&scale, &tensor->scale_bits, sizeof scale);
    return scale;
}

/* Verify, allocate, prepare. SMELT_ERROR_ARENA where the arena, or what is shared, is too small:
 * smelt_arena_missing_bytes says by how much. */
enum smelt_status smelt_initialize(struct smelt_interpreter *interpreter, const struct smelt_setup *setup);

/* Run once. Inputs may be overwritten. */
enum smelt_status smelt_invoke(struct smelt_interpreter *interpreter);

/* Set all variables to what they are after initialization: 0, in int8 the zero point. */
enum smelt_status smelt_reset(struct smelt_interpreter *interpreter);

/* Describe input or output `index`, after initialization. */
enum smelt_status smelt_input(struct smelt_interpreter *interpreter, uint32_t index, struct smelt_tensor *tensor);
enum smelt_status smelt_output(struct smelt_interpreter *interpreter, uint32_t index, struct smelt_tensor *tensor);

/* The bytes of the arena that are needed, and their parts; with shared memory, `planned` are those of it, and the sum
 * is that of both. */
struct smelt_arena_sections {
    uint32_t state;   /* records of tensors and operators */
    uint32_t kept;    /* what stays from one invocation to the next: variables, multipliers */
    uint32_t planned; /* tensors and scratch memory, which share their place */
    uint32_t tensors; /* the most that tensors alive at the same time need */
    uint32_t scratch; /* the most that an operator needs */
};

uint32_t smelt_arena_used_bytes(const struct smelt_interpreter *interpreter);
struct smelt_arena_sections smelt_arena_use(const struct smelt_interpreter *interpreter);

enum smelt_place { SMELT_IN_FILE, SMELT_KEPT, SMELT_PLANNED, SMELT_UNUSED };

/* A tensor, or an operator's scratch memory (`tensor` is -1): `bytes` bytes from `offset` on, of the arena, of what is shared
 * where it is planned there, or, for constants, of the file. What is planned is there from the call of operator `first` to that of `last`, whose numbers are those of
 * the model; the model's outputs stay until behind the last operator. */
struct smelt_arena_item {
    enum smelt_place place;
    int32_t tensor;
    uint32_t offset, bytes, first, last;
};

/* Item `index` of a model that is initialized: first its tensors, then its operators. 0 where there are no more. */
int smelt_find_arena_item(const struct smelt_interpreter *interpreter, uint32_t index, struct smelt_arena_item *item);

/* After SMELT_ERROR_ARENA: how much larger the arena, or what is shared, must be. Where not even the records of tensors and operators fit,
 * the rest is not known yet and not counted. */
uint32_t smelt_arena_missing_bytes(const struct smelt_interpreter *interpreter);

#ifdef __cplusplus
}
#endif

#endif
