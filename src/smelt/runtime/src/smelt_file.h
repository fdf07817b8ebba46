/* Reading a FlatBuffer that nobody vouches for: every function checks what it follows. A position is a number of bytes
 * from the beginning of the file; 0 stands for what is absent, and is what all functions give, after marking the file as
 * damaged, for what leads outside. */
#ifndef SMELT_FILE_H
#define SMELT_FILE_H

#include <string.h>

#include "smelt_interpreter.h"
#include "smelt_placement.h"

/* Of bytes that were found to be inside; they need not be aligned. */
SMELT_CODE_SECTION
static inline uint32_t smelt_file_word(const struct smelt_file *file, uint32_t at) {
    uint32_t word;
    memcpy(&word, file->bytes + at, sizeof word);
    return word;
}

/* The table at the beginning of the file. */
uint32_t smelt_file_root(struct smelt_file *file);

/* Field `slot` of a table, of `bytes` bytes. */
uint32_t smelt_file_field(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t bytes);

/* The table that a field shows, or an element of a vector of tables. */
uint32_t smelt_file_table(struct smelt_file *file, uint32_t table, uint32_t slot);
uint32_t smelt_file_element(struct smelt_file *file, struct smelt_vector tables, uint32_t index);

/* The vector that a field shows, of elements of `bytes` bytes. */
struct smelt_vector smelt_file_vector(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t bytes);

/* Integers, or `absent` where there are none. */
uint32_t smelt_file_u32(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t absent);
uint32_t smelt_file_u8(struct smelt_file *file, uint32_t table, uint32_t slot, uint32_t absent);

#endif
