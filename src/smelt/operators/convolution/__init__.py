"""Convolutions over height and width: conv_2d (grouped too) and depthwise_conv_2d."""

from smelt.operators.convolution import (
    arm_dsp,
    arm_dsp_compact,
    arm_dsp_wide,
    arm_mve,
    arm_v6m,
    few_bits,
    narrow,
    sparse,
)
from smelt.operators.convolution.geometry import (
    Conv2dAttributes,
    DepthwiseConv2dAttributes,
    depthwise_channels,
    inner_taps,
)
from smelt.operators.convolution.meaning import cost, evaluate, infer, needs
from smelt.operators.convolution.portable import (
    CONV_2D_F32,
    CONV_2D_S8,
    CONV_2D_S8_WITH_DSP,
    DEPTHWISE_CONV_2D_F32,
    DEPTHWISE_CONV_2D_S8,
)
from smelt.operators.convolution.wide import CONV_2D_S16, DEPTHWISE_CONV_2D_S16
from smelt.operators.operator import Operator, Traits, Weights

__all__ = ["CONV_2D", "DEPTHWISE_CONV_2D"]

CONV_2D = Operator(
    name="conv_2d",
    summary="a sliding window of weights; each output channel sums all input channels of its group",
    attributes=Conv2dAttributes,
    infer=infer,
    evaluate=evaluate,
    cost=cost,
    traits=Traits(
        weights=Weights(input=1, channel_axis=0, bias=2, data_axis=3, inner_taps=inner_taps),
        fuses_activation=True,
        needs=needs,
    ),
    kernels=(
        *arm_mve.CONV_2D,
        *arm_dsp.CONV_2D,
        *arm_dsp_compact.CONV_2D,
        *arm_v6m.CONV_2D,
        CONV_2D_S8,
        CONV_2D_S8_WITH_DSP,
        arm_dsp_wide.CONV_2D_S16,
        CONV_2D_S16,
        CONV_2D_F32,
        *narrow.CONV_2D,
        *few_bits.CONV_2D,
        *sparse.CONV_2D,
    ),
)
DEPTHWISE_CONV_2D = Operator(
    name="depthwise_conv_2d",
    summary="a sliding window of weights, each channel by itself",
    attributes=DepthwiseConv2dAttributes,
    infer=infer,
    evaluate=evaluate,
    cost=cost,
    traits=Traits(
        weights=Weights(input=1, channel_axis=3, bias=2),
        fuses_activation=True,
        needs=needs,
        channels=depthwise_channels,
    ),
    kernels=(
        *arm_mve.DEPTHWISE_CONV_2D,
        *arm_dsp.DEPTHWISE_CONV_2D,
        *arm_dsp_compact.DEPTHWISE_CONV_2D,
        *arm_v6m.DEPTHWISE_CONV_2D,
        DEPTHWISE_CONV_2D_S8,
        arm_dsp_wide.DEPTHWISE_CONV_2D_S16,
        DEPTHWISE_CONV_2D_S16,
        DEPTHWISE_CONV_2D_F32,
        *narrow.DEPTHWISE_CONV_2D,
        *few_bits.DEPTHWISE_CONV_2D,
    ),
)
