"""Clusterings: the nearest of some centers."""

from __future__ import annotations

from smelt.formats.sklearn.estimators import Estimator, Result, reads


@reads("KMeans", "MiniBatchKMeans")
def _k_means(_: Estimator, x: str) -> Result:
    centers = _.constant("centers", _.reals("cluster_centers_"))
    return Result("cluster", _.emit("arg_min", (_.emit("distance", (x, centers)),), {"axis": 1}))
