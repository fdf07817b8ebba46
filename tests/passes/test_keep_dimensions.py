"""keep_dimensions, from text to text."""

from __future__ import annotations

from rewriting import check, check_unchanged

from smelt.passes.keep_dimensions import keep_dimensions


def _dense(back: str, activation: str = "none") -> str:
    return f"""
        graph "g"
        input %x: f32[1,3,2]
        constant %w: f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
        %rows: f32[3,2] = reshape(%x) {{shape=(3, 2)}}
        %d: f32[3,4] = fully_connected(%rows, %w) {{activation="{activation}"}} as "dense"
        %y: f32[{back}] = reshape(%d) {{shape=({back})}}
        output %y
        """


def test_rows_and_back_are_left_out() -> None:
    check(
        keep_dimensions,
        _dense("1, 3, 4", "relu"),
        """
        graph "g"
        input %x: f32[1,3,2]
        constant %w: f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
        %y: f32[1,3,4] = fully_connected(%x, %w) {activation="relu", keep_dims=true} as "dense"
        output %y
        """,
    )


def test_another_shape_behind_stays() -> None:
    check_unchanged(keep_dimensions, _dense("1, 12"))
