"""Quantized tensors in torch's words: real numbers on the grid of the integers, integers at the model's ends.

Two vocabularies: `Decomposed` has the operators `quantized_decomposed` of PT2E, which torch.export writes; `Native`
has operators that TorchScript and the lite interpreter know.  (torch's own quantized tensors are going to be removed.)
"""

from __future__ import annotations

from typing import Any

from smelt.errors import UnsupportedError, require
from smelt.ir import Quantization, Value


def parameters(value: Value) -> Quantization:
    """The parameters of a quantized value."""
    assert value.quantization is not None
    return value.quantization


class Decomposed:
    """quantized_decomposed::quantize_per_tensor and its kin."""

    def __init__(self, torch: Any) -> None:
        require("torch.ao.quantization.fx._decomposed", "torch", "quantized PyTorch models", "torch")
        self._torch, self._said = torch, torch.ops.quantized_decomposed

    def real(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """The real numbers that a tensor of integers stands for."""
        own, bounds = parameters(value), value.dtype.integer_range
        return self._said.dequantize_per_tensor(tensor, own.scale, own.zero_point, *bounds, dtype)

    def real_channels(
        self, tensor: Any, value: Value, axis: int, dtype: Any, scales: Any, points: Any
    ) -> Any:
        """The same, with a scale and a zero point for each index of an axis."""
        bounds = value.dtype.integer_range
        return self._said.dequantize_per_channel(tensor, scales, points, axis, *bounds, dtype)

    def integers(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """Real numbers as integers."""
        own, bounds = parameters(value), value.dtype.integer_range
        return self._said.quantize_per_tensor(tensor, own.scale, own.zero_point, *bounds, dtype)

    def on_grid(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """Real numbers as the nearest that integers stand for."""
        return self.real(self.integers(tensor, value, dtype), value, dtype)


class Native:
    """torch.fake_quantize_per_tensor_affine around arithmetic."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def real(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """The real numbers that a tensor of integers stands for."""
        own = parameters(value)
        return (tensor.to(self._torch.float32) - own.zero_point) * own.scale

    def real_channels(
        self, tensor: Any, value: Value, axis: int, dtype: Any, scales: Any, points: Any
    ) -> Any:
        """The same, with a scale and a zero point for each index of an axis."""
        shape = [-1 if index == axis else 1 for index in range(tensor.dim())]
        real = (tensor.to(self._torch.float32) - points.reshape(shape)) * scales.reshape(shape)
        bounds = value.dtype.integer_range
        return self._torch.fake_quantize_per_channel_affine(
            real, scales, points.to(self._torch.int32), axis, *bounds
        )

    def integers(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """Real numbers as integers."""
        own, bounds = parameters(value), value.dtype.integer_range
        return self._torch.clamp(self._torch.round(tensor / own.scale) + own.zero_point, *bounds).to(dtype)

    def on_grid(self, tensor: Any, value: Value, dtype: Any) -> Any:
        """Real numbers as the nearest that integers stand for."""
        own = parameters(value)
        if value.dtype.bits > 16:
            raise UnsupportedError(
                f"'{value.name}': torch has no quantized results of {value.dtype.bits} bits"
            )
        bounds = value.dtype.integer_range
        return self._torch.fake_quantize_per_tensor_affine(tensor, own.scale, own.zero_point, *bounds)
