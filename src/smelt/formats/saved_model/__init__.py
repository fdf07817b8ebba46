"""TensorFlow SavedModels and frozen graphs, read without TensorFlow."""

from smelt.formats.saved_model.read import read_frozen_graph, read_saved_model

__all__ = ["read_frozen_graph", "read_saved_model"]
