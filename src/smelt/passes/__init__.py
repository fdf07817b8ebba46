"""Rewrites that keep the result: one file a pass, named as a verb phrase; `pipeline.py` is the list of them."""

from smelt.passes.pipeline import DEFAULT, find_pass, optimize

__all__ = ["DEFAULT", "find_pass", "optimize"]
