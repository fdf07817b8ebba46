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
    SMELT_CODE_FLOOR = 8,
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
    SMELT_CODE_SVDF = 27,
    SMELT_CODE_TANH = 28,
    SMELT_CODE_PAD = 34,
    SMELT_CODE_GATHER = 36,
    SMELT_CODE_BATCH_TO_SPACE_ND = 37,
    SMELT_CODE_SPACE_TO_BATCH_ND = 38,
    SMELT_CODE_TRANSPOSE = 39,
    SMELT_CODE_MEAN = 40,
    SMELT_CODE_SUB = 41,
    SMELT_CODE_DIV = 42,
    SMELT_CODE_SQUEEZE = 43,
    SMELT_CODE_UNIDIRECTIONAL_SEQUENCE_LSTM = 44,
    SMELT_CODE_STRIDED_SLICE = 45,
    SMELT_CODE_EXP = 47,
    SMELT_CODE_SPLIT = 49,
    SMELT_CODE_PRELU = 54,
    SMELT_CODE_MAXIMUM = 55,
    SMELT_CODE_ARG_MAX = 56,
    SMELT_CODE_MINIMUM = 57,
    SMELT_CODE_LESS = 58,
    SMELT_CODE_NEG = 59,
    SMELT_CODE_PADV2 = 60,
    SMELT_CODE_GREATER = 61,
    SMELT_CODE_GREATER_EQUAL = 62,
    SMELT_CODE_LESS_EQUAL = 63,
    SMELT_CODE_SLICE = 65,
    SMELT_CODE_SIN = 66,
    SMELT_CODE_TRANSPOSE_CONV = 67,
    SMELT_CODE_EXPAND_DIMS = 70,
    SMELT_CODE_EQUAL = 71,
    SMELT_CODE_NOT_EQUAL = 72,
    SMELT_CODE_LOG = 73,
    SMELT_CODE_SUM = 74,
    SMELT_CODE_SQRT = 75,
    SMELT_CODE_RSQRT = 76,
    SMELT_CODE_SHAPE = 77,
    SMELT_CODE_POW = 78,
    SMELT_CODE_ARG_MIN = 79,
    SMELT_CODE_REDUCE_PROD = 81,
    SMELT_CODE_REDUCE_MAX = 82,
    SMELT_CODE_PACK = 83,
    SMELT_CODE_LOGICAL_OR = 84,
    SMELT_CODE_LOGICAL_AND = 86,
    SMELT_CODE_LOGICAL_NOT = 87,
    SMELT_CODE_UNPACK = 88,
    SMELT_CODE_REDUCE_MIN = 89,
    SMELT_CODE_FLOOR_DIV = 90,
    SMELT_CODE_REDUCE_ANY = 91,
    SMELT_CODE_SQUARE = 92,
    SMELT_CODE_ZEROS_LIKE = 93,
    SMELT_CODE_FILL = 94,
    SMELT_CODE_FLOOR_MOD = 95,
    SMELT_CODE_RESIZE_NEAREST_NEIGHBOR = 97,
    SMELT_CODE_LEAKY_RELU = 98,
    SMELT_CODE_SQUARED_DIFFERENCE = 99,
    SMELT_CODE_MIRROR_PAD = 100,
    SMELT_CODE_ABS = 101,
    SMELT_CODE_SPLIT_V = 102,
    SMELT_CODE_CEIL = 104,
    SMELT_CODE_REVERSE_V2 = 105,
    SMELT_CODE_GATHER_ND = 107,
    SMELT_CODE_COS = 108,
    SMELT_CODE_ELU = 111,
    SMELT_CODE_QUANTIZE = 114,
    SMELT_CODE_ROUND = 116,
    SMELT_CODE_HARD_SWISH = 117,
    SMELT_CODE_SELECT_V2 = 123,
    SMELT_CODE_BATCH_MATMUL = 126,
    SMELT_CODE_BROADCAST_TO = 130,
    SMELT_CODE_REDUCE_ALL = 140,
    SMELT_CODE_BROADCAST_ARGS = 145,
    SMELT_CODE_GELU = 150,
    SMELT_CODE_DYNAMIC_UPDATE_SLICE = 151
};

extern const struct smelt_registration smelt_operator_abs_f32;
extern const struct smelt_registration smelt_operator_add_f32;
extern const struct smelt_registration smelt_operator_add_s16;
extern const struct smelt_registration smelt_operator_add_s32;
extern const struct smelt_registration smelt_operator_add_s64;
extern const struct smelt_registration smelt_operator_add_s8;
extern const struct smelt_registration smelt_operator_arg_max_f32;
extern const struct smelt_registration smelt_operator_arg_max_s32;
extern const struct smelt_registration smelt_operator_arg_max_s8;
extern const struct smelt_registration smelt_operator_arg_min_f32;
extern const struct smelt_registration smelt_operator_arg_min_s32;
extern const struct smelt_registration smelt_operator_arg_min_s8;
extern const struct smelt_registration smelt_operator_average_pool_2d_f32;
extern const struct smelt_registration smelt_operator_average_pool_2d_s8;
extern const struct smelt_registration smelt_operator_batch_matmul_f32;
extern const struct smelt_registration smelt_operator_batch_matmul_s16;
extern const struct smelt_registration smelt_operator_batch_matmul_s8;
extern const struct smelt_registration smelt_operator_batch_to_space_nd;
extern const struct smelt_registration smelt_operator_broadcast_args;
extern const struct smelt_registration smelt_operator_broadcast_to;
extern const struct smelt_registration smelt_operator_ceil_f32;
extern const struct smelt_registration smelt_operator_concatenation;
extern const struct smelt_registration smelt_operator_conv_2d_f32;
extern const struct smelt_registration smelt_operator_conv_2d_s16;
extern const struct smelt_registration smelt_operator_conv_2d_s8;
extern const struct smelt_registration smelt_operator_cos_f32;
extern const struct smelt_registration smelt_operator_depth_to_space;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_f32;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_s16;
extern const struct smelt_registration smelt_operator_depthwise_conv_2d_s8;
extern const struct smelt_registration smelt_operator_dequantize_f16;
extern const struct smelt_registration smelt_operator_dequantize_s16;
extern const struct smelt_registration smelt_operator_dequantize_s8;
extern const struct smelt_registration smelt_operator_dequantize_u8;
extern const struct smelt_registration smelt_operator_div_f32;
extern const struct smelt_registration smelt_operator_div_s32;
extern const struct smelt_registration smelt_operator_dynamic_update_slice;
extern const struct smelt_registration smelt_operator_elu_f32;
extern const struct smelt_registration smelt_operator_embedding_lookup;
extern const struct smelt_registration smelt_operator_equal_bool;
extern const struct smelt_registration smelt_operator_equal_f32;
extern const struct smelt_registration smelt_operator_equal_s32;
extern const struct smelt_registration smelt_operator_equal_s64;
extern const struct smelt_registration smelt_operator_exp_f32;
extern const struct smelt_registration smelt_operator_expand_dims;
extern const struct smelt_registration smelt_operator_fill;
extern const struct smelt_registration smelt_operator_floor_div_f32;
extern const struct smelt_registration smelt_operator_floor_div_s32;
extern const struct smelt_registration smelt_operator_floor_f32;
extern const struct smelt_registration smelt_operator_floor_mod_f32;
extern const struct smelt_registration smelt_operator_floor_mod_s32;
extern const struct smelt_registration smelt_operator_fully_connected_f32;
extern const struct smelt_registration smelt_operator_fully_connected_s16;
extern const struct smelt_registration smelt_operator_fully_connected_s8;
extern const struct smelt_registration smelt_operator_gather;
extern const struct smelt_registration smelt_operator_gather_nd;
extern const struct smelt_registration smelt_operator_gelu_f32;
extern const struct smelt_registration smelt_operator_greater_equal_f32;
extern const struct smelt_registration smelt_operator_greater_equal_s32;
extern const struct smelt_registration smelt_operator_greater_equal_s64;
extern const struct smelt_registration smelt_operator_greater_f32;
extern const struct smelt_registration smelt_operator_greater_s32;
extern const struct smelt_registration smelt_operator_greater_s64;
extern const struct smelt_registration smelt_operator_hard_swish_f32;
extern const struct smelt_registration smelt_operator_hard_swish_s8;
extern const struct smelt_registration smelt_operator_leaky_relu_f32;
extern const struct smelt_registration smelt_operator_leaky_relu_s16;
extern const struct smelt_registration smelt_operator_leaky_relu_s8;
extern const struct smelt_registration smelt_operator_less_equal_f32;
extern const struct smelt_registration smelt_operator_less_equal_s32;
extern const struct smelt_registration smelt_operator_less_equal_s64;
extern const struct smelt_registration smelt_operator_less_f32;
extern const struct smelt_registration smelt_operator_less_s32;
extern const struct smelt_registration smelt_operator_less_s64;
extern const struct smelt_registration smelt_operator_log_f32;
extern const struct smelt_registration smelt_operator_logical_and_bool;
extern const struct smelt_registration smelt_operator_logical_not_bool;
extern const struct smelt_registration smelt_operator_logical_or_bool;
extern const struct smelt_registration smelt_operator_logistic_f32;
extern const struct smelt_registration smelt_operator_logistic_s16;
extern const struct smelt_registration smelt_operator_logistic_s8;
extern const struct smelt_registration smelt_operator_max_pool_2d_f32;
extern const struct smelt_registration smelt_operator_max_pool_2d_s8;
extern const struct smelt_registration smelt_operator_maximum_f32;
extern const struct smelt_registration smelt_operator_maximum_s16;
extern const struct smelt_registration smelt_operator_maximum_s32;
extern const struct smelt_registration smelt_operator_maximum_s64;
extern const struct smelt_registration smelt_operator_maximum_s8;
extern const struct smelt_registration smelt_operator_maximum_u8;
extern const struct smelt_registration smelt_operator_mean_f32;
extern const struct smelt_registration smelt_operator_mean_s16;
extern const struct smelt_registration smelt_operator_mean_s8;
extern const struct smelt_registration smelt_operator_minimum_f32;
extern const struct smelt_registration smelt_operator_minimum_s16;
extern const struct smelt_registration smelt_operator_minimum_s32;
extern const struct smelt_registration smelt_operator_minimum_s64;
extern const struct smelt_registration smelt_operator_minimum_s8;
extern const struct smelt_registration smelt_operator_minimum_u8;
extern const struct smelt_registration smelt_operator_mirror_pad;
extern const struct smelt_registration smelt_operator_mul_f32;
extern const struct smelt_registration smelt_operator_mul_s16;
extern const struct smelt_registration smelt_operator_mul_s32;
extern const struct smelt_registration smelt_operator_mul_s64;
extern const struct smelt_registration smelt_operator_mul_s8;
extern const struct smelt_registration smelt_operator_neg_f32;
extern const struct smelt_registration smelt_operator_not_equal_bool;
extern const struct smelt_registration smelt_operator_not_equal_f32;
extern const struct smelt_registration smelt_operator_not_equal_s32;
extern const struct smelt_registration smelt_operator_not_equal_s64;
extern const struct smelt_registration smelt_operator_pack;
extern const struct smelt_registration smelt_operator_pad;
extern const struct smelt_registration smelt_operator_padv2;
extern const struct smelt_registration smelt_operator_pow_f32;
extern const struct smelt_registration smelt_operator_prelu_f32;
extern const struct smelt_registration smelt_operator_prelu_s8;
extern const struct smelt_registration smelt_operator_quantize_f32;
extern const struct smelt_registration smelt_operator_quantize_s16;
extern const struct smelt_registration smelt_operator_quantize_s8;
extern const struct smelt_registration smelt_operator_quantize_u8;
extern const struct smelt_registration smelt_operator_reduce_all_bool;
extern const struct smelt_registration smelt_operator_reduce_any_bool;
extern const struct smelt_registration smelt_operator_reduce_max_f32;
extern const struct smelt_registration smelt_operator_reduce_max_s32;
extern const struct smelt_registration smelt_operator_reduce_max_s8;
extern const struct smelt_registration smelt_operator_reduce_min_f32;
extern const struct smelt_registration smelt_operator_reduce_min_s32;
extern const struct smelt_registration smelt_operator_reduce_min_s8;
extern const struct smelt_registration smelt_operator_reduce_prod_f32;
extern const struct smelt_registration smelt_operator_reduce_prod_s32;
extern const struct smelt_registration smelt_operator_relu6_f32;
extern const struct smelt_registration smelt_operator_relu6_s16;
extern const struct smelt_registration smelt_operator_relu6_s8;
extern const struct smelt_registration smelt_operator_relu_f32;
extern const struct smelt_registration smelt_operator_relu_n1_to_1_f32;
extern const struct smelt_registration smelt_operator_relu_n1_to_1_s16;
extern const struct smelt_registration smelt_operator_relu_n1_to_1_s8;
extern const struct smelt_registration smelt_operator_relu_s16;
extern const struct smelt_registration smelt_operator_relu_s8;
extern const struct smelt_registration smelt_operator_reshape;
extern const struct smelt_registration smelt_operator_resize_bilinear_f32;
extern const struct smelt_registration smelt_operator_resize_bilinear_s8;
extern const struct smelt_registration smelt_operator_resize_nearest_neighbor;
extern const struct smelt_registration smelt_operator_reverse_v2;
extern const struct smelt_registration smelt_operator_round_f32;
extern const struct smelt_registration smelt_operator_rsqrt_f32;
extern const struct smelt_registration smelt_operator_select_v2;
extern const struct smelt_registration smelt_operator_shape;
extern const struct smelt_custom_operator smelt_operator_signal_delay;
extern const struct smelt_custom_operator smelt_operator_signal_energy;
extern const struct smelt_custom_operator smelt_operator_signal_fft_auto_scale;
extern const struct smelt_custom_operator smelt_operator_signal_filter_bank;
extern const struct smelt_custom_operator smelt_operator_signal_filter_bank_log;
extern const struct smelt_custom_operator smelt_operator_signal_filter_bank_spectral_subtraction;
extern const struct smelt_custom_operator smelt_operator_signal_filter_bank_square_root;
extern const struct smelt_custom_operator smelt_operator_signal_overlap_add;
extern const struct smelt_custom_operator smelt_operator_signal_pcan;
extern const struct smelt_custom_operator smelt_operator_signal_rfft;
extern const struct smelt_custom_operator smelt_operator_signal_window;
extern const struct smelt_registration smelt_operator_sin_f32;
extern const struct smelt_registration smelt_operator_slice;
extern const struct smelt_registration smelt_operator_softmax_f32;
extern const struct smelt_registration smelt_operator_softmax_s16;
extern const struct smelt_registration smelt_operator_softmax_s8;
extern const struct smelt_registration smelt_operator_space_to_batch_nd;
extern const struct smelt_registration smelt_operator_space_to_depth;
extern const struct smelt_registration smelt_operator_split;
extern const struct smelt_registration smelt_operator_split_v;
extern const struct smelt_registration smelt_operator_sqrt_f32;
extern const struct smelt_registration smelt_operator_square_f32;
extern const struct smelt_registration smelt_operator_squared_difference_f32;
extern const struct smelt_registration smelt_operator_squeeze;
extern const struct smelt_registration smelt_operator_strided_slice;
extern const struct smelt_registration smelt_operator_sub_f32;
extern const struct smelt_registration smelt_operator_sub_s16;
extern const struct smelt_registration smelt_operator_sub_s32;
extern const struct smelt_registration smelt_operator_sub_s64;
extern const struct smelt_registration smelt_operator_sub_s8;
extern const struct smelt_registration smelt_operator_sum_f32;
extern const struct smelt_registration smelt_operator_sum_s32;
extern const struct smelt_registration smelt_operator_sum_s8;
extern const struct smelt_registration smelt_operator_svdf_f32;
extern const struct smelt_registration smelt_operator_svdf_s8;
extern const struct smelt_registration smelt_operator_tanh_f32;
extern const struct smelt_registration smelt_operator_tanh_s16;
extern const struct smelt_registration smelt_operator_tanh_s8;
extern const struct smelt_registration smelt_operator_transpose;
extern const struct smelt_registration smelt_operator_transpose_conv;
extern const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_f32;
extern const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_s16;
extern const struct smelt_registration smelt_operator_unidirectional_sequence_lstm_s8;
extern const struct smelt_registration smelt_operator_unpack;
extern const struct smelt_registration smelt_operator_zeros_like;

#ifdef __cplusplus
}
#endif

#endif
