/* What the interpreted poolings share. */
#ifndef SMELT_INTERPRETED_POOL_2D_H
#define SMELT_INTERPRETED_POOL_2D_H

#include "interpreted_convolution.h"
#include "pooling.h"
#include "smelt_node.h"

/* From this number of channels on, and up to so many elements of a window, there are kernels for the DSP extension. */
enum { SMELT_POOL_FOUR = 4, SMELT_POOL_FAST_ELEMENTS = 256 };

struct smelt_pool {
    struct smelt_tensor x, y;
    struct smelt_window window;
    uint32_t activation;
};

enum smelt_status smelt_read_pool(struct smelt_node *node, enum smelt_type type, struct smelt_pool *pool);

/* All parameters but the reciprocals; those of maxima are the same. */
enum smelt_status smelt_read_pool_s8(struct smelt_node *node, struct smelt_pool *pool,
                                     struct smelt_average_pool_2d_s8_parameters *parameters);
enum smelt_status smelt_read_pool_f32(struct smelt_node *node, struct smelt_pool *pool,
                                      struct smelt_pool_2d_f32_parameters *parameters);

#endif
