"""Averages and maxima over windows (average_pool_2d, max_pool_2d) and averages over whole axes (mean)."""

from smelt.operators.pooling.mean import MEAN
from smelt.operators.pooling.pool_2d import AVERAGE_POOL_2D, MAX_POOL_2D

__all__ = ["AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN"]
