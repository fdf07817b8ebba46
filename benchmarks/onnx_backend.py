"""ONNX's own backend tests, through smelt: how many pass, are refused, fail.

python benchmarks/onnx_backend.py                    # all, engine reference
python benchmarks/onnx_backend.py --native --write   # with compiled C too; writes docs/onnx.md
python benchmarks/onnx_backend.py --only Resize -v   # some, with what was said of each
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import onnx_backend_exclusions as exclusions
from smelt.engines import open_engine
from smelt.errors import SmeltError
from smelt.formats import load
from smelt.ir import Array, Graph
from smelt.operators import call_of, choose_kernel, find_operator
from smelt.operators.evaluate import evaluate_graph
from smelt.passes.pipeline import optimize
from smelt.targets import find_target

GROUPS = ("node", "simple", "pytorch-operator", "pytorch-converted")
PASSED, REFUSED, FAILED = "passed", "refused", "failed"
SECONDS = 30
"""A test that takes longer has failed."""
ROUNDING = 5e-7
"""Of the largest output, in float32: inverse transforms have zeros of this size among the expected numbers."""
BATCH = 40
"""Graphs that are compiled together: so many tensors are alive at once that memory is planned without a search."""
BATCH_SECONDS = 240

_NAMED = re.compile(r"input '([^']*)' must be a constant(?:, but depends on the model's input '([^']*)')?")


@dataclass(frozen=True)
class BackendTest:
    """One of ONNX's tests: a model, and sets of inputs with the outputs they must give."""

    group: str
    name: str
    model: Any
    sets: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...]
    rtol: float
    atol: float

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators in it, each once; those of other domains with the domain."""
        names = (f"{n.domain}.{n.op_type}".lstrip(".") for n in self.model.graph.node)
        return tuple(dict.fromkeys(names))

    @property
    def excluded(self) -> str | None:
        """The category that the test is left out for in the second count, or None."""
        return exclusions.category(self.model)

    @property
    def subject(self) -> str:
        """The operator that the test is of, as far as its name tells."""
        if self.group != "node":
            return f"({self.group})"
        if "_expanded" in self.name or len(self.operators) > 1:
            squeezed = self.name.removeprefix("test_").replace("_", "").lower()
            known = sorted(exclusions.operator_names(), key=lambda name: (-len(name), name))
            return next((name for name in known if squeezed.startswith(name.lower())), "(several)")
        return self.operators[0]


@dataclass
class Outcome:
    """What became of a test on one engine, and why; `frozen` are the inputs that had to be constants."""

    result: str
    message: str = ""
    frozen: tuple[str, ...] = ()


@dataclass
class Prepared:
    """A test's graph with the inputs and outputs of each set, as the graph has them."""

    test: BackendTest
    graph: Graph
    frozen: tuple[str, ...]
    sets: list[tuple[dict[str, Array], tuple[Any, ...]]] = field(default_factory=list)


def backend_tests(only: str = "") -> Iterator[BackendTest]:
    """The tests in the package onnx whose names or operators contain a text, in a fixed order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        for group in GROUPS:
            for case in sorted(load_model_tests(kind=group), key=lambda case: str(case.name)):
                model = case.model or _model(case)
                sets: Any = case.data_sets if case.model_dir is None else _stored_sets(case, model)
                test = BackendTest(
                    group, case.name, model,
                    tuple((tuple(map(_array, i)), tuple(map(_array, o))) for i, o in sets),
                    case.rtol, case.atol,
                )  # fmt: skip
                if only.lower() in f"{test.name} {' '.join(test.operators)}".lower():
                    yield test


def _array(data: Any) -> Any:
    """Some tests have tensors in protobuf."""
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(data) if isinstance(data, TensorProto) else data


def _model(case: Any) -> Any:
    import onnx

    return onnx.load(str(Path(case.model_dir) / "model.onnx"))


def _stored_sets(case: Any, model: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        yield _stored(folder, "input", model.graph.input), _stored(folder, "output", model.graph.output)


def _stored(folder: Path, kind: str, described: Sequence[Any]) -> list[Any]:
    from onnx import TensorProto, numpy_helper

    found: list[Any] = []
    for index in range(len(list(folder.glob(f"{kind}_*.pb")))):
        if not described[index].type.HasField("tensor_type"):
            found.append(None)
            continue
        tensor = TensorProto()
        tensor.ParseFromString((folder / f"{kind}_{index}.pb").read_bytes())
        found.append(numpy_helper.to_array(tensor))
    return found


def prepare(test: BackendTest) -> Prepared:
    """Read and optimize a test's model; inputs that must be constants are made so. Raises SmeltError."""
    names = [value.name for value in test.model.graph.input]
    held = {tensor.name for tensor in test.model.graph.initializer}
    names = [name for name in names if name not in held]
    given = dict(zip(names, test.sets[0][0], strict=False))
    frozen: dict[str, Array] = {}
    # Test models leave what their data decides open.
    shapes = {
        n: a.shape for n, a in given.items() if isinstance(a, np.ndarray) and 0 not in a.shape and a.shape
    }
    with tempfile.TemporaryDirectory(prefix="smelt-onnx-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(test.model.SerializeToString())
        while True:
            own = {name: shape for name, shape in shapes.items() if name not in frozen}
            try:
                graph = load(path, shapes=own, constants=frozen)
                break
            except SmeltError as error:
                named = _NAMED.search(str(error))
                name = "" if named is None else named[2] or named[1]
                if name not in given or name in frozen:
                    raise
                frozen[name] = given[name]
    prepared = Prepared(test, optimize(graph), tuple(frozen))
    for arrays, outputs in test.sets[: 1 if frozen else None]:
        inputs = {n: a for n, a in zip(names, arrays, strict=False) if n not in frozen}
        prepared.sets.append(({n: placed(graph, n, np.asarray(a)) for n, a in inputs.items()}, outputs))
    return prepared


def placed(graph: Graph, name: str, array: Array) -> Array:
    """An array of the file in the layout of smelt's input."""
    layout = graph.metadata.get(f"layout:{name}")
    return array if layout is None else np.ascontiguousarray(np.moveaxis(array, 1, -1))


def check(prepared: Prepared, results: Mapping[str, Array], expected: Sequence[Any]) -> str:
    """What is wrong with the outputs; nothing if they are what ONNX's own runner accepts."""
    graph, test = prepared.graph, prepared.test
    for name, held, wanted in zip(graph.outputs, results.values(), expected, strict=True):
        got: Any = np.moveaxis(held, -1, 1) if graph.metadata.get(f"layout:{name}") else held
        wanted = np.asarray(wanted)
        if got.dtype != wanted.dtype or got.shape != wanted.shape:
            return f"'{name}' is {got.dtype}{list(got.shape)}, not {wanted.dtype}{list(wanted.shape)}"
        try:
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(
                    got, wanted, rtol=test.rtol, atol=max(test.atol, _rounding(wanted))
                )
        except AssertionError as error:
            return f"'{name}': " + " ".join(str(error).split())[:200]
    return ""


def _rounding(wanted: Any) -> float:
    """What float32 loses where large numbers cancel: a few units in the last place of the largest one."""
    if wanted.dtype != np.float32:
        return 0.0
    return ROUNDING * float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0))


class _OutOfTime(Exception):
    pass


def _alarm(*_: object) -> None:
    raise _OutOfTime


def guarded(test: BackendTest) -> tuple[Outcome, Prepared | None]:
    """The outcome of a test on the engine reference, whatever happens on the way."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SECONDS)
    try:
        if not test.sets:
            return Outcome(REFUSED, "the test has no data"), None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prepared = prepare(test)
        for inputs, expected in prepared.sets:
            with np.errstate(all="ignore"):
                if problem := check(prepared, evaluate_graph(prepared.graph, inputs), expected):
                    return Outcome(FAILED, problem, prepared.frozen), None
        return Outcome(PASSED, "", prepared.frozen), prepared
    except SmeltError as error:
        return Outcome(REFUSED, str(error).split("model.onnx: ")[-1]), None
    except _OutOfTime:
        return Outcome(FAILED, f"took more than {SECONDS} s"), None
    except Exception as error:
        return Outcome(FAILED, f"{type(error).__name__}: {error}"), None
    finally:
        signal.alarm(0)


def has_kernels(graph: Graph) -> str:
    """Why a graph has no C code; nothing if it has."""
    target = find_target("host")
    try:
        for node in graph.nodes:
            if not find_operator(node.operator).traits.alias:
                choose_kernel(call_of(graph, node), target)
    except SmeltError as error:
        return str(error)
    return ""


def native_outcomes(batch: Sequence[Prepared]) -> list[Outcome]:
    """The outcomes of tests whose graphs are compiled together; alone where that does not work."""
    from onnx_backend_batches import merged, split

    whole = merged([prepared.graph for prepared in batch])
    try:
        with open_engine("native", whole) as engine:
            outcomes = [Outcome(PASSED, "", prepared.frozen) for prepared in batch]
            for k in range(max(len(prepared.sets) for prepared in batch)):
                sets = [prepared.sets[min(k, len(prepared.sets) - 1)] for prepared in batch]
                results = engine.run({f"t{i}/{n}": a for i, (s, _) in enumerate(sets) for n, a in s.items()})
                for i, (own, prepared) in enumerate(
                    zip(split(results, batch_graphs(batch)), batch, strict=True)
                ):
                    if problem := check(prepared, own, sets[i][1]):
                        outcomes[i] = Outcome(FAILED, problem, prepared.frozen)
            return outcomes
    except Exception as error:
        if len(batch) > 1:
            print(f"one by one, since together: {str(error)[:200]}", file=sys.stderr, flush=True)
            return [outcome for prepared in batch for outcome in native_outcomes([prepared])]
        kind = REFUSED if isinstance(error, SmeltError) else FAILED
        return [Outcome(kind, f"{type(error).__name__}: {error}"[:300])]


def batch_graphs(batch: Sequence[Prepared]) -> list[Graph]:
    """The graphs of a batch."""
    return [prepared.graph for prepared in batch]


def _in_process(batch: Sequence[Prepared]) -> list[Outcome]:
    """native_outcomes in a process of its own, so that a crash is an outcome too."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(native_outcomes(batch)))
    process.start()
    sender.close()
    outcomes: list[Outcome] = []
    try:
        if receiver.poll(BATCH_SECONDS):
            outcomes = receiver.recv()
    except EOFError:
        pass
    if outcomes:
        process.join()
        return outcomes
    process.kill()
    process.join()
    if len(batch) == 1:
        return [Outcome(FAILED, f"the process ended with {process.exitcode}")]
    return [outcome for prepared in batch for outcome in _in_process([prepared])]


def run_native(reference: Mapping[str, tuple[Outcome, Prepared | None]]) -> dict[str, Outcome]:
    """The outcomes on the engine native; what reference refuses, native refuses."""
    found: dict[str, Outcome] = {}
    able: list[Prepared] = []
    for name, (outcome, prepared) in reference.items():
        reason = outcome.message if prepared is None else has_kernels(prepared.graph)
        if prepared is None or reason:
            found[name] = Outcome(outcome.result if prepared is None else REFUSED, reason)
        elif not prepared.graph.nodes:
            found[name] = outcome
        else:
            able.append(prepared)
    for start in range(0, len(able), BATCH):
        batch = able[start : start + BATCH]
        print(f"compiled {start} of {len(able)}", file=sys.stderr, flush=True)
        found |= {p.test.name: o for p, o in zip(batch, _in_process(batch), strict=True)}
    return found


def main() -> None:
    """Run, print, and write the document where that is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="tests whose name or operators contain this")
    parser.add_argument("--native", action="store_true", help="the engine native as well")
    parser.add_argument("--write", action="store_true", help="write docs/onnx.md")
    parser.add_argument("-v", action="store_true", help="print why tests were refused or failed")
    arguments = parser.parse_args()
    tests = {test.name: test for test in backend_tests(arguments.only)}
    prepared = {name: guarded(test) for name, test in tests.items()}
    engines = {"reference": {name: outcome for name, (outcome, _) in prepared.items()}}
    if arguments.native:
        engines["native"] = run_native(prepared)
    from onnx_backend_table import document, summary

    print(summary(tests, engines))
    for engine, outcomes in engines.items():
        for name, outcome in outcomes.items():
            if outcome.result == FAILED or (arguments.v and outcome.result == REFUSED):
                print(f"{engine} {outcome.result} {name}: {outcome.message[:300]}")
        refused = [tests[name] for name, outcome in outcomes.items() if outcome.result == REFUSED]
        said = Counter(f"{test.excluded or ''} {test.subject}" for test in refused)
        print(f"{engine}: most refused:", ", ".join(f"{k.strip()} {n}" for k, n in said.most_common(40)))
    if arguments.write:
        path = Path(__file__).resolve().parent.parent / "docs" / "onnx.md"
        path.write_text(document(tests, engines), encoding="utf-8")


if __name__ == "__main__":
    main()
