"""TensorFlow SavedModels and frozen graphs, read without TensorFlow, and live objects, saved by TensorFlow."""

from smelt.formats.saved_model.live import from_tensorflow
from smelt.formats.saved_model.read import read_frozen_graph, read_saved_model

__all__ = ["from_tensorflow", "read_frozen_graph", "read_saved_model"]
