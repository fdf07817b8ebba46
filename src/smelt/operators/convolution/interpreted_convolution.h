/* What the interpreted convolutions and poolings share: reading their windows. */
#ifndef SMELT_INTERPRETED_CONVOLUTION_H
#define SMELT_INTERPRETED_CONVOLUTION_H

#include "smelt_node.h"
#include "smelt_window.h"

/* Slots in the table of options, and what else the sizes depend on. */
struct smelt_window_slots {
    uint8_t stride_width, stride_height;
    uint8_t dilation_width, dilation_height; /* 0: there is none */
};

/* Fill a window from x and y, of four dimensions, whose other numbers and kernel are known; checks that the output is as
 * large as its padding, strides and dilations make it. The kernel's sizes must be in the window. */
enum smelt_status smelt_read_window(struct smelt_node *node, const struct smelt_window_slots *slots,
                                    const struct smelt_tensor *x, const struct smelt_tensor *y, int32_t kernel_height,
                                    int32_t kernel_width, struct smelt_window *window);

/* Input channels of a convolution fall into groups of as many as its weights have: how many groups. */
enum smelt_status smelt_read_groups(struct smelt_node *node, const struct smelt_tensor *x, const struct smelt_tensor *w,
                                    const struct smelt_tensor *y, uint16_t *groups);

/* How many output channels of a depthwise convolution each input channel has. */
enum smelt_status smelt_read_multiplier(struct smelt_node *node, const struct smelt_tensor *x,
                                        const struct smelt_tensor *w, const struct smelt_tensor *y, uint16_t *multiplier);

/* The whole operators, of real data and int8 weights. */
enum smelt_status smelt_run_conv_2d_dynamic(struct smelt_node *node, const struct smelt_window_slots *slots,
                                            const struct smelt_tensor *x, const struct smelt_tensor *w,
                                            const struct smelt_tensor *y);
enum smelt_status smelt_run_depthwise_conv_2d_dynamic(struct smelt_node *node, const struct smelt_window_slots *slots,
                                                      const struct smelt_tensor *x, const struct smelt_tensor *w,
                                                      const struct smelt_tensor *y);

#endif
