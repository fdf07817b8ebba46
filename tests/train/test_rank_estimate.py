"""The rank of matrices under noise."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")

from smelt.train.rank_estimate import variational_rank


@pytest.mark.parametrize("noise", [1e-3, 0.1, 0.5])
@pytest.mark.parametrize("shape", [(60, 60), (40, 120), (120, 40)])
@pytest.mark.parametrize("rank", [1, 3, 8])
def test_signal_is_told_from_noise(rank: int, shape: tuple[int, int], noise: float) -> None:
    rng = np.random.default_rng(rank)
    signal = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
    matrix = signal + noise * rng.normal(size=shape)
    assert variational_rank(np.linalg.svd(matrix, compute_uv=False), shape) == rank


def test_noise_alone_has_the_least_rank() -> None:
    matrix = np.random.default_rng(0).normal(size=(50, 80))
    assert variational_rank(np.linalg.svd(matrix, compute_uv=False), (50, 80)) == 1


def test_a_matrix_of_zeros_has_the_least_rank() -> None:
    assert variational_rank(np.zeros(4), (4, 6)) == 1
