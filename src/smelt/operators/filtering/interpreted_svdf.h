/* What the interpreted forms of svdf share. */
#ifndef SMELT_INTERPRETED_SVDF_H
#define SMELT_INTERPRETED_SVDF_H

#include "smelt_node.h"
#include "svdf.h"

struct smelt_svdf {
    struct smelt_tensor x, features, time, bias, state, y;
};

/* Tensors that fit together; data and weights of features of one type, weights of time and state of another or of the same.
 * Without a bias its data are NULL. */
enum smelt_status smelt_read_svdf(struct smelt_node *node, enum smelt_type data, uint32_t time, enum smelt_type bias,
                                  struct smelt_svdf *t, struct smelt_svdf_walk *walk);

#endif
