"""Students: what they are made of, and that they learn what their teachers answer and see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from smelt.errors import UsageError
from smelt.ir import Array, DType, Graph
from smelt.operators.builder import GraphBuilder
from smelt.operators.evaluate import evaluate_graph

torch = pytest.importorskip("torch", reason="torch is not installed")

from tests.train.test_loop import classifier, quick, ring  # noqa: E402

from smelt.train import distil, fit, make_student, to_graph, to_module, training_data  # noqa: E402
from smelt.train.distillation import attention_distance  # noqa: E402
from smelt.train.losses import cross_entropy  # noqa: E402
from smelt.train.students import ARCHITECTURES  # noqa: E402


def image_teacher(shape: tuple[int, ...], softmax: bool = True) -> Graph:
    """A dense layer over all of the input."""
    build = GraphBuilder("teacher")
    x = build.input("image", DType.F32, shape)
    count = int(np.prod(shape))
    flat = build.add("reshape", [x], {"shape": (1, count)})
    rng = np.random.default_rng(1)
    weights = build.constant("w", rng.normal(size=(5, count)).astype(np.float32))
    found = build.add("fully_connected", [flat, weights, build.constant("b", np.zeros(5, np.float32))], {})
    return build.build([build.add("softmax", [found]) if softmax else found])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(1, 9, 7, 3), (1, 1, 5, 1)])
def test_every_architecture_takes_and_gives_what_the_teacher_does(
    architecture: str, shape: tuple[int, ...]
) -> None:
    teacher = image_teacher(shape)
    student = make_student(architecture, teacher, width=0.5, seed=2)
    assert student.values[student.inputs[0]].shape == shape
    (found,) = evaluate_graph(student, {student.inputs[0]: np.ones(shape, np.float32)}).values()
    assert found.shape == (1, 5)
    assert found.sum() == pytest.approx(1.0, abs=1e-5)
    wider = make_student(architecture, teacher, width=1.0, seed=2)
    assert sum(a.size for a in wider.constants.values()) > sum(a.size for a in student.constants.values())


@pytest.mark.parametrize("last", ["softmax", "logistic", "tanh", "relu"])
def test_a_student_ends_as_its_teacher_does(last: str) -> None:
    """Also where the teacher gives its answers another shape at the end."""
    build = GraphBuilder("teacher")
    x = build.input("x", DType.F32, (1, 6))
    teacher = build.build([build.add("reshape", [build.add(last, [x])], {"shape": (1, 2, 3)})])
    student = make_student("mlp", teacher)
    assert student.values[student.outputs[0]].shape == (1, 2, 3)
    assert (student.nodes[-1].operator == last) == (last != "relu")


def test_students_are_drawn_by_their_seed() -> None:
    teacher = image_teacher((1, 6, 6, 1))
    first, same, other = (make_student("cnn", teacher, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first.constants[name], same.constants[name]) for name in first.constants)
    assert any(not np.array_equal(first.constants[name], other.constants[name]) for name in first.constants)


def test_what_no_student_can_be_made_for_is_said() -> None:
    teacher = image_teacher((1, 6, 6, 1))
    with pytest.raises(UsageError, match="ds-cnn, cnn"):
        make_student("transformer", teacher)
    with pytest.raises(UsageError, match="no image"):
        make_student("cnn", classifier())
    with pytest.raises(UsageError, match="width"):
        make_student("mlp", teacher, width=0)
    with pytest.raises(UsageError, match="width"):
        make_student("mlp", teacher, width=float("nan"))


def trained_teacher() -> Graph:
    module = to_module(classifier())
    fit(module, training_data(classifier(), ring()), cross_entropy, optimizer=quick(), epochs=20)
    return to_graph(module)


def decisions(graph: Graph, x: Array) -> Any:
    with torch.no_grad():
        return to_module(graph)(torch.from_numpy(x)).argmax(1).numpy()


@pytest.mark.parametrize("features", [None, {"hidden": "hidden"}])
def test_a_student_learns_its_teachers_decisions_without_labels(features: dict[str, str] | None) -> None:
    teacher = trained_teacher()
    student = classifier(seed=5)
    x = ring()["x"]
    taught = distil(
        teacher, student, {"x": x}, epochs=40, optimizer=quick(), features=features, feature_weight=0.1
    )
    wanted = decisions(teacher, x)
    assert (decisions(student, x) == wanted).mean() < 0.9
    assert (decisions(taught, x) == wanted).mean() > 0.93
    assert [node.name for node in taught.nodes] == [node.name for node in student.nodes]


def test_features_of_other_sizes_are_brought_together() -> None:
    """A student of smaller maps and fewer channels follows, and learns something else than without."""
    teacher = image_teacher((1, 8, 8, 1))
    student, deep = make_student("cnn", teacher), make_student("cnn", teacher, width=2.0, seed=3)
    mine, theirs = (
        [n.outputs[0] for n in graph.nodes if n.operator == "conv_2d"] for graph in (student, deep)
    )
    assert deep.values[theirs[0]].shape != student.values[mine[1]].shape
    x = {"image": np.random.default_rng(0).normal(size=(24, 8, 8, 1)).astype(np.float32)}
    without, with_features = (
        distil(deep, student, x, epochs=1, held_out=0, features=features, optimizer=quick(1e-3))
        for features in (None, {mine[1]: theirs[0]})
    )
    name = student.nodes[0].inputs[1]
    assert name is not None
    assert not np.array_equal(with_features.constants[name], student.constants[name])
    assert not np.array_equal(with_features.constants[name], without.constants[name])


def test_pairs_that_do_not_match_are_refused() -> None:
    teacher, x = classifier(), {"x": ring()["x"]}
    with pytest.raises(UsageError, match="no tensor 'nothing'"):
        distil(teacher, classifier(1), x, features={"nothing": "hidden"})
    with pytest.raises(UsageError, match="takes and gives"):
        distil(teacher, image_teacher((1, 6, 6, 1)), x)
    with pytest.raises(UsageError, match="labels have no share"):
        distil(teacher, classifier(1), ring(), labels=0.5)
    deciding = image_teacher((1, 6, 6, 1))
    for settings in ({"temperature": 0.0}, {"temperature": -1.0}, {"labels": 2.0}):
        with pytest.raises(UsageError, match="more than 0, a share of labels from 0 to 1"):
            distil(deciding, make_student("mlp", deciding), {"image": np.zeros((4, 6, 6, 1))}, **settings)


def test_attention_is_where_the_channels_are_large() -> None:
    maps = torch.zeros(1, 2, 2, 3)
    maps[0, 0, 1] = 2.0
    wider = torch.zeros(1, 2, 2, 5)
    wider[0, 0, 1] = -0.1
    assert float(attention_distance(maps, wider)) == pytest.approx(0.0, abs=1e-6)
    elsewhere = torch.zeros(1, 2, 2, 5)
    elsewhere[0, 1, 0] = 1.0
    assert float(attention_distance(maps, elsewhere)) == pytest.approx(2.0)


def test_a_students_attention_becomes_its_teachers() -> None:
    """Smaller maps, other channels; the distance falls, more than without."""
    teacher = make_student("cnn", image_teacher((1, 8, 8, 1)), width=2.0, seed=3)
    student = make_student("cnn", image_teacher((1, 8, 8, 1)))
    mine, theirs = (
        [n.outputs[0] for n in graph.nodes if n.operator == "conv_2d"] for graph in (student, teacher)
    )
    x = np.random.default_rng(0).normal(size=(48, 8, 8, 1)).astype(np.float32)

    def distance(graph: Graph) -> float:
        with torch.no_grad():
            given = torch.from_numpy(x)
            own, wanted = (
                to_module(graph, outputs=[mine[1]])(given),
                to_module(teacher, outputs=[theirs[0]])(given),
            )
            pooled = torch.nn.functional.adaptive_avg_pool2d(own.movedim(-1, 1), wanted.shape[1:3])
            return float(attention_distance(pooled.movedim(1, -1), wanted))

    options = {"epochs": 6, "held_out": 0, "optimizer": quick(3e-3)}
    alone = distil(teacher, student, {"image": x}, **options)
    paid = distil(
        teacher, student, {"image": x}, attention={mine[1]: theirs[0]}, attention_weight=30.0, **options
    )
    assert distance(paid) < 0.8 * distance(student)
    assert distance(paid) < distance(alone)
    with pytest.raises(UsageError, match="have other dimensions"):
        distil(teacher, student, {"image": x}, attention={student.outputs[0]: teacher.outputs[0]})


def test_a_student_that_ends_otherwise_is_refused() -> None:
    teacher = image_teacher((1, 6, 6, 1))
    with pytest.raises(UsageError, match="ends in no activation, the teacher 'teacher' in softmax"):
        distil(teacher, image_teacher((1, 6, 6, 1), softmax=False), {"image": np.zeros((4, 6, 6, 1))})
