#ifndef SMELT_OPERATOR_NAMES_H
#define SMELT_OPERATOR_NAMES_H

#include <stdint.h>

/* The name of a BuiltinOperator in TensorFlow Lite's schema; NULL with SMELT_NO_MESSAGES. */
const char *smelt_operator_name(uint32_t code);

#endif
