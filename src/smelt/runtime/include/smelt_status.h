/* What every smelt function that can fail returns: 0 or a negative error. */
#ifndef SMELT_STATUS_H
#define SMELT_STATUS_H

enum smelt_status {
    SMELT_OK = 0,
    SMELT_ERROR_ARENA = -1,       /* the arena is NULL, not aligned as the header says, or too small */
    SMELT_ERROR_INPUT = -2,       /* an input outside the arena is NULL or not aligned so */
    SMELT_ERROR_MODEL = -3,       /* the model file is damaged, or contradicts itself */
    SMELT_ERROR_OPERATOR = -4,    /* an operator of the model is not registered for the type of its data */
    SMELT_ERROR_UNSUPPORTED = -5  /* the model asks for what the runtime or a registered operator cannot do */
};

#endif
