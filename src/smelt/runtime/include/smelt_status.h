/* What every smelt function that can fail returns: 0 or a negative error. */
#ifndef SMELT_STATUS_H
#define SMELT_STATUS_H

enum smelt_status {
    SMELT_OK = 0,
    SMELT_ERROR_ARENA = -1, /* the arena is NULL or not aligned as the model's header says */
    SMELT_ERROR_INPUT = -2  /* an input outside the arena is NULL or not aligned so */
};

#endif
