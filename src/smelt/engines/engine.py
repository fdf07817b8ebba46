"""One interface to everything that can run a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from smelt.ir import Array, Value


class Engine(ABC):
    """A model ready to run.

    `inputs` and `outputs` describe the tensors by name, in the model's order.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]

    @abstractmethod
    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for one set of inputs, by name.

        Arrays must have the shapes and types of `inputs`; EngineError says what does not fit.
        """

    @abstractmethod
    def run_all(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every tensor that is computed, outputs included, by name in execution order.

        EngineError when the engine cannot show its intermediate tensors.
        """

    def close(self) -> None:  # noqa: B027 - most engines hold nothing
        """Release what the engine holds (processes, temporary folders)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
