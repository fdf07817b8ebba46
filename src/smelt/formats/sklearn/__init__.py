"""scikit-learn's fitted estimators in; see read.py."""

from smelt.formats.sklearn.read import from_sklearn

__all__ = ["from_sklearn"]
