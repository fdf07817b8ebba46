"""The quantization report: where the error comes from, what to do, as data and as a page."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from small_models import small_float, small_samples

import smelt
from smelt.errors import FormatError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.quantize.prepare import channel_factors
from smelt.quantize.samples import DataFile, samples_for
from smelt.report.accuracy_score import accuracy_score
from smelt.report.layer_noise import layer_noise
from smelt.report.quantization import QuantizationReport, quantization_report
from smelt.report.quantization_html import quantization_html

LAYERS = ("first", "second", "third")


def network() -> Graph:
    build, rng = GraphBuilder("three"), np.random.default_rng(0)
    x = build.input("x", DType.F32, (1, 16))
    for name in LAYERS:
        w = build.constant(f"{name}_w", rng.normal(size=(16, 16)).astype(np.float32) / 4)
        x = build.add("fully_connected", [x, w], {"activation": "relu"}, name=name)
    return build.build([build.add("softmax", [x], name="y")])


def inputs(count: int = 20) -> list[dict[str, Array]]:
    return [{"x": x} for x in np.random.default_rng(1).normal(size=(count, 1, 16)).astype(np.float32)]


def with_coarse_weights(graph: Graph, layer: str) -> Graph:
    """The quantized graph, one layer's weights rounded to multiples of 32."""
    name = f"{layer}_w"
    coarse = np.clip(np.round(graph.constants[name] / 32.0) * 32, -96, 96).astype(np.int8)
    return graph.replaced(constants={name: coarse})


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_that_was_damaged_comes_first(layer: str) -> None:
    graph = network()
    damaged = with_coarse_weights(smelt.quantize_graph(graph, "int8", inputs()), layer)
    report = quantization_report(graph, damaged, inputs())
    first = report.layers[0]
    assert first.noise.name == layer
    assert first.share > 0.5
    assert first.advice.startswith("rounding of the weights")
    assert sum(row.share for row in report.layers) == pytest.approx(1)
    assert (report.outputs[0].name, report.left_in_float) == ("third", ())


def test_own_error_and_all_error() -> None:
    """All error of the first layer is its own; later ones carry what came in."""
    graph = network()
    damaged = with_coarse_weights(smelt.quantize_graph(graph, "int8", inputs()), "first")
    rows = {row.name: row for row in layer_noise(graph, damaged, inputs())}
    first, third = rows["first"], rows["third"]
    # the input's own rounding is not the first layer's
    assert first.own.signal_to_noise_db == pytest.approx(first.difference.signal_to_noise_db, abs=0.2)
    own, all_of_it = third.own.signal_to_noise_db, third.difference.signal_to_noise_db
    assert own is not None
    assert all_of_it is not None
    assert own > all_of_it + 6


def test_error_that_is_caused_is_what_only_that_layer_does() -> None:
    """With every other layer exact, the damaged one's caused noise is the noise of the outputs."""
    graph = network()
    changed = graph.replaced(constants={"second_w": graph.constants["second_w"] + np.float32(0.01)})
    rows = {row.name: row for row in layer_noise(graph, changed, inputs())}
    assert rows["second"].caused.signal_to_noise_db == pytest.approx(
        rows["third"].difference.signal_to_noise_db, rel=1e-4
    )
    assert rows["third"].caused.signal_to_noise_db is None or rows["third"].caused.signal_to_noise_db > 100


def test_clipping_range_and_histogram() -> None:
    graph = network()
    result = smelt.quantize_graph(graph, "int8", inputs(2))
    larger = [{"x": sample["x"] * 4} for sample in inputs()]
    rows = {row.name: row for row in layer_noise(graph, result, larger)}
    assert rows["first"].clipped_share > 0.05
    assert rows["first"].range_use == 1
    assert rows["first"].histogram is not None
    assert rows["first"].histogram.sum() == 16 * 20
    smaller = [{"x": sample["x"] / 8} for sample in inputs()]
    rows = {row.name: row for row in layer_noise(graph, result, smaller)}
    assert rows["first"].clipped_share == 0
    assert rows["first"].range_use is not None
    assert rows["first"].range_use < 0.3


def test_equalized_channels_are_compared_as_they_were(tmp_path: Path) -> None:
    """Also after a way through a file; tensors and weights of a scaled network are not taken for wrong."""
    graph = network()
    wide = graph.replaced(constants={"first_w": graph.constants["first_w"] * np.float32([[1]] * 15 + [[64]])})
    result = smelt.quantize_graph(wide, "int8", inputs(), improve=("equalization",))
    assert channel_factors(result)["first"].min() < 1
    smelt.save(result, tmp_path / "m.tflite")
    for each in (result, smelt.load(tmp_path / "m.tflite")):
        for row in quantization_report(wide, each, inputs()).layers:
            if row.noise.operator != "softmax":
                assert (row.noise.difference.signal_to_noise_db or 0) > 20
                assert (row.weights_db or 0) > 20
            assert row.noise.clipped_share == 0 or row.noise.operator == "softmax"


def test_what_was_left_in_float() -> None:
    build = GraphBuilder("island")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("relu", [build.add("exp", [x], name="wave")], name="y")])
    samples = [{"x": np.linspace(-1, 1, 4, dtype=np.float32)[None]}]
    result = smelt.quantize_graph(graph, "int8", samples, tell=lambda text: None)
    report = quantization_report(graph, result, samples)
    assert report.left_in_float == ("exp 'wave'",)
    assert "exp &#39;wave&#39;" in quantization_html(report)


def report_of_small() -> QuantizationReport:
    graph = small_float()
    samples = list(samples_for(graph, {"x": small_samples()}))
    return quantization_report(graph, smelt.quantize_graph(graph, "int8", samples), samples)


def test_json() -> None:
    report = report_of_small()
    data = json.loads(json.dumps(report.to_json()))
    assert data["samples"] == len(small_samples())
    assert data["constant_bytes"][0] > 3 * data["constant_bytes"][1]
    assert [layer["name"] for layer in data["layers"]] == [layer.noise.name for layer in report.layers]
    assert all(len(layer["histogram"]) == 64 for layer in data["layers"])


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_escapes_names() -> None:
    report = replace(report_of_small(), names=("<script>alert(1)</script>", "a & b"))
    text = quantization_html(report)
    page = Page(text)
    assert "<script" not in text
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.seen)
    assert sum(tag == "svg" for tag, _ in page.seen) == len(report.layers)
    for layer in report.layers:
        assert layer.noise.operator in text


def test_accuracy_before_and_after() -> None:
    graph = small_float()
    result = smelt.quantize_graph(graph, "int8", {"x": small_samples()})
    with smelt.open_engine("reference", graph) as engine:
        outputs = [engine.run(s)[graph.outputs[0]] for s in samples_for(graph, {"x": small_samples()})]
    labels = np.array([int(np.argmax(output)) for output in outputs])
    score = accuracy_score(graph, result, DataFile(Path("d.npz"), {"x": small_samples(), "y": labels}))
    assert score.before == 1
    assert 0 <= score.after <= 1
    assert "same decision on" in score.remark
    with pytest.raises(FormatError, match="labels"):
        accuracy_score(graph, result, DataFile(Path("d.npz"), {"x": small_samples()}))


def test_a_figure_of_merit_of_the_users() -> None:
    graph, samples = network(), inputs()
    result = smelt.quantize_graph(graph, "int8", samples)
    report = quantization_report(
        graph,
        result,
        samples,
        metric=lambda predict: float(np.mean([predict(s)["y"].max() for s in samples])),
    )
    (score,) = report.scores
    assert score.name == "metric"
    assert score.before == pytest.approx(score.after, abs=0.02)
    assert score.before != score.after


def test_layers_that_quantize_their_input_are_not_left_in_float() -> None:
    graph = small_float()
    given = list(smelt.samples_for(graph, {"x": small_samples(8)}))
    dynamic = smelt.quantize_graph(graph, "dynamic", given)
    floats = smelt.quantize_graph(graph, "weight-only-int8", given)
    found = [quantization_report(graph, each, given).left_in_float for each in (dynamic, floats)]
    assert not [name for name in found[0] if name.startswith(("conv_2d", "depthwise", "fully"))]
    assert len([name for name in found[1] if name.startswith(("conv_2d", "depthwise", "fully"))]) == 3


def test_the_page_shows_the_first_of_joined_names() -> None:
    build = GraphBuilder("joined")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("relu", [x], name="first;second;third")])
    given = [{"x": np.ones((1, 4), np.float32)}]
    page = quantization_html(quantization_report(graph, graph, given))
    assert ">first<" in page
    assert 'title="first;second;third"' in page


def test_long_names_break_between_their_parts_and_cells_name_their_column() -> None:
    build = GraphBuilder("long")
    x = build.input("x", DType.F32, (1, 4))
    graph = build.build([build.add("relu", [x], name="block_1/<conv>")])
    page = quantization_html(quantization_report(graph, graph, [{"x": np.ones((1, 4), np.float32)}]))
    assert "block_<wbr>1/<wbr>&lt;conv&gt;" in page
    cells = [dict(attributes) for tag, attributes in Page(page).seen if tag == "td"]
    assert all(cell.get("data-label") for cell in cells if cell.get("class") == "number")
