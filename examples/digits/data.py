"""The handwritten digits that scikit-learn bundles, split for training and for a fair test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

TEST_EVERY = 4
"""Every fourth digit is held out."""


def load_digits_split() -> tuple[
    NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]
]:
    """Training images and labels, then held-out images and labels; images are [n, 8, 8, 1], 0 to 1."""
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[..., np.newaxis]
    labels = digits.target.astype(np.int64)
    held_out = np.arange(len(labels)) % TEST_EVERY == 0
    return images[~held_out], labels[~held_out], images[held_out], labels[held_out]
