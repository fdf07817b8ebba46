"""Random layers over rows: chains, branches, residual additions, concatenations, strides, dilations, sums."""

import random

from row_models import window

from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowTensor


def random_kernels(chance, streamable):
    """One to three kernels of mixed abilities."""
    kernels = []
    for price in range(chance.choice((1, 1, 2, 3))):
        whole = not streamable and chance.random() < 0.2
        kernels.append(
            RowKernel(
                scratch_bytes=chance.choice((0, 0, 7, 40, 200)),
                scratch_alignment=chance.choice((1, 4)),
                buffered=not whole and chance.random() < 0.3,
                keeps_rows=not whole and chance.random() < 0.3,
                descending=not whole and chance.random() < 0.5,
                streamable=streamable,
                whole=whole,
                in_place=whole and chance.random() < 0.5,
                price=float(price),
            )
        )
    return tuple(kernels)


def random_rows(seed, count):
    """(layers, tensors, inputs, outputs) of `count` layers."""
    chance = random.Random(seed)
    shapes = {"x": (chance.choice((9, 16, 25)), chance.choice((8, 30, 64)))}
    inputs = ["x"]
    if seed % 3 == 0:
        shapes["x2"] = shapes["x"]
        inputs.append("x2")
    layers = []
    for at in range(count):
        layer, shape = _random_layer(chance, f"t{at}", shapes)
        layers.append(layer)
        shapes[layer.output] = shape
    outputs = [layers[-1].output, *([layers[count // 2].output] if seed % 4 == 0 else [])]
    outputs += ["x"] if seed % 7 == 0 else []
    alignment = chance.choice((1, 4))
    tensors = [RowTensor(name, rows, size, alignment) for name, (rows, size) in shapes.items()]
    return layers, tensors, inputs, list(dict.fromkeys(outputs))


def _random_layer(chance, output, shapes):
    recent = list(shapes)[-3:]
    source = recent[-1] if chance.random() < 0.7 else chance.choice(recent)
    rows, size = shapes[source]
    peers = [name for name in shapes if shapes[name] == (rows, size)]
    same = tuple((row, row) for row in range(rows))
    kind = chance.choice(("conv", "conv", "conv", "add", "concat", "stack", "reduce", "dense"))
    accumulates = False
    if kind == "add":
        names = dict.fromkeys((source, chance.choice(peers)))
        shape = (rows, size)
        reads = [RowInput(name, same, chance.random() < 0.8) for name in names]
    elif kind == "concat":
        names = [source, chance.choice([name for name in shapes if shapes[name][0] == rows])]
        shape = (rows, min(shapes[names[0]][1] + shapes[names[1]][1], 300))
        reads = [RowInput(name, same) for name in names]
    elif kind == "stack":
        other = chance.choice(recent)
        more = shapes[other][0]
        shape = (rows + more, chance.choice((16, size)))
        reads = [
            RowInput(source, (*same, *[(rows, rows - 1)] * more)),
            RowInput(other, (*[(0, -1)] * rows, *((row, row) for row in range(more)))),
        ]
    elif kind == "reduce":
        shape, accumulates = (1, size), True
        reads = [RowInput(source, same)]
    elif kind == "dense":
        shape = (chance.choice((1, 1, 5)), chance.choice((10, 40)))
        reads = [RowInput(source, None)]
    else:
        height, stride, dilation = chance.choice(
            ((1, 1, 1), (3, 1, 1), (3, 2, 1), (3, 1, 2), (1, 2, 1), (5, 3, 1))
        )
        shape = (-(-rows // stride), chance.choice((size, size, 2 * size, 20)))
        top = chance.randrange((height + 1) // 2)
        reads = [RowInput(source, window(rows, shape[0], height, stride, top, dilation))]
    kernels = random_kernels(chance, kind != "dense" and chance.random() < 0.9)
    return RowLayer(f"{kind} {output}", tuple(reads), output, kernels, accumulates), shape
