/* The operators of the interpreter, each for one type of its first input, or for any: put those that a model needs into the list for
 * smelt_setup. What is not in a list is not linked. */
#ifndef SMELT_INTERPRETER_OPERATORS_H
#define SMELT_INTERPRETER_OPERATORS_H

#include "smelt_interpreter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* BuiltinOperator numbers of TensorFlow Lite's schema. */
enum {
    SMELT_CODE_ADD = 0,
    SMELT_CODE_AVERAGE_POOL_2D = 1,
    SMELT_CODE_CONCATENATION = 2,
    SMELT_CODE_CONV_2D = 3,
    SMELT_CODE_DEPTHWISE_CONV_2D = 4,
    SMELT_CODE_DEPTH_TO_SPACE = 5,
    SMELT_CODE_DEQUANTIZE = 6,
    SMELT_CODE_EMBEDDING_LOOKUP = 7,
    SMELT_CODE_FULLY_CONNECTED = 9,
    SMELT_CODE_LOGISTIC = 14,
    SMELT_CODE_MAX_POOL_2D = 17,
    SMELT_CODE_MUL = 18,
    SMELT_CODE_RELU = 19,
    SMELT_CODE_RELU_N1_TO_1 = 20,
    SMELT_CODE_RELU6 = 21,
    SMELT_CODE_RESHAPE = 22,
    SMELT_CODE_RESIZE_BILINEAR = 23,
    SMELT_CODE_SOFTMAX = 25,
    SMELT_CODE_SPACE_TO_DEPTH = 26,
    SMELT_CODE_TANH = 28,
    SMELT_CODE_PAD = 34,
    SMELT_CODE_GATHER = 36,
    SMELT_CODE_BATCH_TO_SPACE_ND = 37,
    SMELT_CODE_SPACE_TO_BATCH_ND = 38,
    SMELT_CODE_TRANSPOSE = 39,
    SMELT_CODE_SUB = 41,
    SMELT_CODE_SQUEEZE = 43,
    SMELT_CODE_STRIDED_SLICE = 45,
    SMELT_CODE_SPLIT = 49,
    SMELT_CODE_PADV2 = 60,
    SMELT_CODE_SLICE = 65,
    SMELT_CODE_TRANSPOSE_CONV = 67,
    SMELT_CODE_EXPAND_DIMS = 70,
    SMELT_CODE_SHAPE = 77,
    SMELT_CODE_PACK = 83,
    SMELT_CODE_UNPACK = 88,
    SMELT_CODE_ZEROS_LIKE = 93,
    SMELT_CODE_FILL = 94,
    SMELT_CODE_RESIZE_NEAREST_NEIGHBOR = 97,
    SMELT_CODE_MIRROR_PAD = 100,
    SMELT_CODE_SPLIT_V = 102,
    SMELT_CODE_REVERSE_V2 = 105,
    SMELT_CODE_GATHER_ND = 107,
    SMELT_CODE_QUANTIZE = 114,
    SMELT_CODE_SELECT_V2 = 123,
    SMELT_CODE_BATCH_MATMUL = 126,
    SMELT_CODE_BROADCAST_TO = 130,
    SMELT_CODE_DYNAMIC_UPDATE_SLICE = 151
};

extern const struct smelt_registration smelt_operator_add_f32;
extern const struct smelt_registration smelt_operator_add_s16;
extern const struct smelt_registration smelt_operator_add_s8;
extern const struct smelt_registration smelt_operator_average_pool_2d_f32;
extern const struct smelt_registration smelt_operator_average_pool_2d_s8;
extern const struct smelt_registration smelt_operator_batch_matmul_f32;
extern const struct smelt_registration smelt_operator_batch_matmul_s16;
extern const struct smelt_registration smelt_operator_batch_matmul_s8;
extern const struct smelt_registration smelt_operator_batch_to_space_nd;
extern const struct smelt_registration smelt_operator_broadcast_to;
extern const struct smelt_registration smelt_operator_concatenation;
extern const struct smelt_registration smelt_operator_conv_2d_f32;
extern const struct smelt_registration smelt_operator_conv_2d_s16;
extern const struct smelt_registration smelt_operator_conv_2d_s8;
extern const struct smelt_registration smelt_operator_depth_to_space;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_f32;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_s16;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_s8;
extern const struct smelt_registration smelt_operator_dequantize_s8;
extern const struct smelt_registration smelt_operator_dynamic_update_slice;
extern const struct smelt_registration smelt_operator_embedding_lookup;
extern const struct smelt_registration smelt_operator_expand_dims;
extern const struct smelt_registration smelt_operator_fill;
extern const struct smelt_registration smelt_operator_fully_connected_f32;
extern const struct smelt_registration smelt_operator_fully_connected_s16;
extern const struct smelt_registration smelt_operator_fully_connected_s8;
extern const struct smelt_registration smelt_operator_gather;
extern const struct smelt_registration smelt_operator_gather_nd;
extern const struct smelt_registration smelt_operator_logistic_f32;
extern const struct smelt_registration smelt_operator_max_pool_2d_f32;
extern const struct smelt_registration smelt_operator_max_pool_2d_s8;
extern const struct smelt_registration smelt_operator_mirror_pad;
extern const struct smelt_registration smelt_operator_mul_f32;
extern const struct smelt_registration smelt_operator_mul_s16;
extern const struct smelt_registration smelt_operator_mul_s8;
extern const struct smelt_registration smelt_operator_pack;
extern const struct smelt_registration smelt_operator_pad;
extern const struct smelt_registration smelt_operator_padv2;
extern const struct smelt_registration smelt_operator_quantize_f32;
extern const struct smelt_registration smelt_operator_quantize_s8;
extern const struct smelt_registration smelt_operator_relu6_f32;
extern const struct smelt_registration smelt_operator_relu_f32;
extern const struct smelt_registration smelt_operator_relu_n1_to_1_f32;
extern const struct smelt_registration smelt_operator_reshape;
extern const struct smelt_registration smelt_operator_resize_bilinear_f32;
extern const struct smelt_registration smelt_operator_resize_bilinear_s8;
extern const struct smelt_registration smelt_operator_resize_nearest_neighbor;
extern const struct smelt_registration smelt_operator_reverse_v2;
extern const struct smelt_registration smelt_operator_select_v2;
extern const struct smelt_registration smelt_operator_shape;
extern const struct smelt_registration smelt_operator_slice;
extern const struct smelt_registration smelt_operator_softmax_f32;
extern const struct smelt_registration smelt_operator_softmax_s8;
extern const struct smelt_registration smelt_operator_space_to_batch_nd;
extern const struct smelt_registration smelt_operator_space_to_depth;
extern const struct smelt_registration smelt_operator_split;
extern const struct smelt_registration smelt_operator_split_v;
extern const struct smelt_registration smelt_operator_squeeze;
extern const struct smelt_registration smelt_operator_strided_slice;
extern const struct smelt_registration smelt_operator_sub_f32;
extern const struct smelt_registration smelt_operator_sub_s16;
extern const struct smelt_registration smelt_operator_sub_s8;
extern const struct smelt_registration smelt_operator_tanh_f32;
extern const struct smelt_registration smelt_operator_transpose;
extern const struct smelt_registration smelt_operator_transpose_conv;
extern const struct smelt_registration smelt_operator_unpack;
extern const struct smelt_registration smelt_operator_zeros_like;

#ifdef __cplusplus
}
#endif

#endif
