/* What the interpreter keeps in the arena: a record for each tensor, then one for each operator's scratch memory, then
 * what else it knows of each operator. The layout is the same on every core. */
#ifndef SMELT_RECORDS_H
#define SMELT_RECORDS_H

#include "smelt_interpreter.h"

#define SMELT_CONSTANT 0x80000000u /* the place is a position in the file */
#define SMELT_NOWHERE 0x7FFFFFFFu  /* the place is not known yet */
#define SMELT_NEVER 0xFFFFu

/* Memory that is needed from the call of node `first` to that of node `last`. */
struct smelt_record {
    uint32_t place; /* bytes from the beginning of the arena, as if what is shared followed what is kept */
    uint32_t bytes;
    uint32_t table; /* in the file */
    uint16_t first, last;
};

struct smelt_node_record {
    uint32_t kept; /* as `place` */
    uint16_t registration, state; /* the latter: how much of what is kept is a state, in SMELT_ARENA_ALIGNMENT bytes */
};

static inline struct smelt_record *smelt_records(const struct smelt_interpreter *interpreter) {
    return (struct smelt_record *)interpreter->setup.arena;
}

static inline struct smelt_node_record *smelt_node_records(const struct smelt_interpreter *interpreter) {
    return (struct smelt_node_record *)(smelt_records(interpreter) + interpreter->tensors.count +
                                        interpreter->nodes.count);
}

static inline uint32_t smelt_aligned(uint32_t bytes) {
    return (bytes + SMELT_ARENA_ALIGNMENT - 1u) & ~(uint32_t)(SMELT_ARENA_ALIGNMENT - 1);
}

/* Place those of `count` records that have no place yet, from `start` on; gives the end of the last of all, UINT32_MAX where
 * one begins behind 2^30. The largest come first, each as low as possible where nothing is that lives at the same time. */
uint32_t smelt_plan(struct smelt_record *records, uint32_t count, uint32_t start);

/* The place in the arena of `bytes` bytes that nothing else uses. */
uint32_t smelt_allot(struct smelt_interpreter *interpreter, uint32_t bytes);

/* Where a place is that is known. */
void *smelt_at(const struct smelt_interpreter *interpreter, uint32_t place);

/* The entry of a node's operator in the file's list of operators, and its number. */
uint32_t smelt_operator_entry(struct smelt_interpreter *interpreter, uint32_t node);
uint32_t smelt_operator_code(struct smelt_file *file, uint32_t entry);

/* Run node `index` of an interpreter that is initialized. */
enum smelt_status smelt_run_node(struct smelt_interpreter *interpreter, uint32_t index);

/* Describe tensor `index` of the graph. */
void smelt_describe(struct smelt_interpreter *interpreter, int32_t index, struct smelt_tensor *tensor);

#endif
