import random

import pytest

from smelt.memory import Step


def make_random_graph(seed, count):
    """Chains, residuals, branches and concatenations: (steps, sizes, inputs, outputs)."""
    chance = random.Random(seed)
    names, steps = ["x"], []
    sizes = {"x": chance.choice((49, 64, 490))}
    for at in range(count):
        kind = chance.choice(("chain", "chain", "residual", "branch", "concat"))
        recent = names[-4:]
        if kind == "chain":
            inputs = (names[-1],)
        elif kind == "branch":
            inputs = (chance.choice(recent),)
        else:
            inputs = tuple(chance.sample(recent, min(len(recent), 2 if kind == "residual" else 3)))
        name = f"t{at}"
        size = (
            sum(sizes[n] for n in inputs) if kind == "concat" else chance.choice((8, 10, 64, 100, 256, 300))
        )
        sizes[name] = sizes[inputs[0]] if kind == "residual" else min(size, 2_000)
        steps.append(Step(f"s{at}", inputs, (name,), chance.choice((0, 0, 0, 12, 70)), 4))
        names.append(name)
    return steps, sizes, ["x"], [names[-1], *(["x"] if seed % 5 == 0 else [])]


@pytest.fixture(scope="session")
def random_graph():
    return make_random_graph
