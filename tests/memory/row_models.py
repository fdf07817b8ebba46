"""The five MLPerf Tiny int8 models as layers and rows; reshapes are left out.

`TABLES[name]` begins with the input's (rows, row bytes), and then has a tuple a layer, whose output is t0, t1, ...:
(kind, inputs, output rows, output row bytes, window height, stride, rows of padding on top, window width,
columns with padding, input channels). "reduce" sums over all input rows.
"""

from smelt.memory.rows import RowInput, RowKernel, RowLayer, RowTensor

TABLES = {
    "kws": (
        (49, 10),
        ("conv", "x", 25, 320, 10, 2, 4, 4, 12, 1),
        ("depthwise", "t0", 25, 320, 3, 1, 1, 3, 7, 64),
        ("pointwise", "t1", 25, 320, 1, 1, 0, 1, 5, 64),
        ("depthwise", "t2", 25, 320, 3, 1, 1, 3, 7, 64),
        ("pointwise", "t3", 25, 320, 1, 1, 0, 1, 5, 64),
        ("depthwise", "t4", 25, 320, 3, 1, 1, 3, 7, 64),
        ("pointwise", "t5", 25, 320, 1, 1, 0, 1, 5, 64),
        ("depthwise", "t6", 25, 320, 3, 1, 1, 3, 7, 64),
        ("pointwise", "t7", 25, 320, 1, 1, 0, 1, 5, 64),
        ("reduce", "t8", 1, 64, 25, 1, 0, 5, 5, 64),
        ("dense", "t9", 1, 12, 1, 1, 0, 1, 1, 64),
        ("softmax", "t10", 1, 12, 1, 1, 0, 1, 1, 12),
    ),
    "vww": (
        (96, 288),
        ("conv", "x", 48, 384, 3, 2, 0, 3, 97, 3),
        ("depthwise", "t0", 48, 384, 3, 1, 1, 3, 50, 8),
        ("pointwise", "t1", 48, 768, 1, 1, 0, 1, 48, 8),
        ("depthwise", "t2", 24, 384, 3, 2, 0, 3, 49, 16),
        ("pointwise", "t3", 24, 768, 1, 1, 0, 1, 24, 16),
        ("depthwise", "t4", 24, 768, 3, 1, 1, 3, 26, 32),
        ("pointwise", "t5", 24, 768, 1, 1, 0, 1, 24, 32),
        ("depthwise", "t6", 12, 384, 3, 2, 0, 3, 25, 32),
        ("pointwise", "t7", 12, 768, 1, 1, 0, 1, 12, 32),
        ("depthwise", "t8", 12, 768, 3, 1, 1, 3, 14, 64),
        ("pointwise", "t9", 12, 768, 1, 1, 0, 1, 12, 64),
        ("depthwise", "t10", 6, 384, 3, 2, 0, 3, 13, 64),
        ("pointwise", "t11", 6, 768, 1, 1, 0, 1, 6, 64),
        ("depthwise", "t12", 6, 768, 3, 1, 1, 3, 8, 128),
        ("pointwise", "t13", 6, 768, 1, 1, 0, 1, 6, 128),
        ("depthwise", "t14", 6, 768, 3, 1, 1, 3, 8, 128),
        ("pointwise", "t15", 6, 768, 1, 1, 0, 1, 6, 128),
        ("depthwise", "t16", 6, 768, 3, 1, 1, 3, 8, 128),
        ("pointwise", "t17", 6, 768, 1, 1, 0, 1, 6, 128),
        ("depthwise", "t18", 6, 768, 3, 1, 1, 3, 8, 128),
        ("pointwise", "t19", 6, 768, 1, 1, 0, 1, 6, 128),
        ("depthwise", "t20", 6, 768, 3, 1, 1, 3, 8, 128),
        ("pointwise", "t21", 6, 768, 1, 1, 0, 1, 6, 128),
        ("depthwise", "t22", 3, 384, 3, 2, 0, 3, 7, 128),
        ("pointwise", "t23", 3, 768, 1, 1, 0, 1, 3, 128),
        ("depthwise", "t24", 3, 768, 3, 1, 1, 3, 5, 256),
        ("pointwise", "t25", 3, 768, 1, 1, 0, 1, 3, 256),
        ("reduce", "t26", 1, 256, 3, 1, 0, 3, 3, 256),
        ("dense", "t27", 1, 2, 1, 1, 0, 1, 1, 256),
        ("softmax", "t28", 1, 2, 1, 1, 0, 1, 1, 2),
    ),
    "resnet8": (
        (32, 96),
        ("conv", "x", 32, 512, 3, 1, 1, 3, 34, 3),
        ("conv", "t0", 32, 512, 3, 1, 1, 3, 34, 16),
        ("conv", "t1", 32, 512, 3, 1, 1, 3, 34, 16),
        ("add", "t0 t2", 32, 512, 1, 1, 0, 1, 32, 16),
        ("conv", "t3", 16, 512, 3, 2, 0, 3, 33, 16),
        ("conv", "t4", 16, 512, 3, 1, 1, 3, 18, 32),
        ("pointwise", "t3", 16, 512, 1, 2, 0, 1, 32, 16),
        ("add", "t6 t5", 16, 512, 1, 1, 0, 1, 16, 32),
        ("conv", "t7", 8, 512, 3, 2, 0, 3, 17, 32),
        ("conv", "t8", 8, 512, 3, 1, 1, 3, 10, 64),
        ("pointwise", "t7", 8, 512, 1, 2, 0, 1, 16, 32),
        ("add", "t10 t9", 8, 512, 1, 1, 0, 1, 8, 64),
        ("reduce", "t11", 1, 64, 8, 1, 0, 8, 8, 64),
        ("dense", "t12", 1, 10, 1, 1, 0, 1, 1, 64),
        ("softmax", "t13", 1, 10, 1, 1, 0, 1, 1, 10),
    ),
    "ad": (
        (1, 640),
        ("dense", "x", 1, 128, 1, 1, 0, 1, 1, 640),
        ("dense", "t0", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t1", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t2", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t3", 1, 8, 1, 1, 0, 1, 1, 128),
        ("dense", "t4", 1, 128, 1, 1, 0, 1, 1, 8),
        ("dense", "t5", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t6", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t7", 1, 128, 1, 1, 0, 1, 1, 128),
        ("dense", "t8", 1, 640, 1, 1, 0, 1, 1, 128),
    ),
    "sww": (
        (30, 40),
        ("depthwise", "x", 28, 40, 3, 1, 0, 1, 1, 40),
        ("pointwise", "t0", 28, 128, 1, 1, 0, 1, 1, 40),
        ("depthwise", "t1", 24, 128, 5, 1, 0, 1, 1, 128),
        ("pointwise", "t2", 24, 128, 1, 1, 0, 1, 1, 128),
        ("depthwise", "t3", 15, 128, 10, 1, 0, 1, 1, 128),
        ("pointwise", "t4", 15, 128, 1, 1, 0, 1, 1, 128),
        ("reduce", "t5", 1, 128, 15, 1, 0, 1, 1, 128),
        ("pointwise", "t6", 1, 32, 1, 1, 0, 1, 1, 128),
        ("dense", "t7", 1, 3, 1, 1, 0, 1, 1, 32),
        ("softmax", "t8", 1, 3, 1, 1, 0, 1, 1, 3),
    ),
}


def plain_kernels(kind, height, stride, width, columns, channels, row_bytes):
    """One kernel a layer, able to do everything, without workspace but for the sums of a reduction."""
    sums = 4 * channels if kind == "reduce" else 0
    return (RowKernel(sums, 4 if sums else 1, descending=True, streamable=True),)


def real_kernels(kind, height, stride, width, columns, channels, row_bytes):
    """Workspaces as measured on a Cortex-M4 (bytes), and rough prices of the leaner kernels (cycles)."""
    able = {"descending": True, "streamable": True}
    if kind == "reduce":
        return (RowKernel(4 * channels, 4, **able),)
    if kind == "dense":
        return (RowKernel(2 * channels, 4, buffered=True), RowKernel(price=0.1 * channels))
    if kind in ("add", "softmax"):
        return (RowKernel(**able),)
    pair = 4 * height * width * channels  # two pixels' inputs as int16
    if kind == "pointwise" or (kind == "conv" and height * width > 9):
        return (RowKernel(pair, 4, **able),)
    if kind == "depthwise":  # four channels at a time: all rows of four, or row by row
        ring = height * columns * 4 * 2
        return (
            RowKernel(ring, 4, whole=True, in_place=stride == 1),
            RowKernel(ring, 4, price=5_000, **able),
        )
    ring = height * columns * channels * 2
    return (RowKernel(ring, 4, keeps_rows=True, **able), RowKernel(pair, 4, price=50_000, **able))


def window(rows, outputs, height, stride, top, dilation=1):
    """The input rows under each output row of a convolution."""
    firsts = (row * stride - top for row in range(outputs))
    return tuple(
        (max(first, 0), min(first + (height - 1) * dilation, rows - 1)) if first < rows else (rows, rows - 1)
        for first in firsts
    )


def model(name, kernels=plain_kernels, alignment=1):
    """(layers, tensors, inputs, outputs) of a table."""
    (rows, row_bytes), *table = TABLES[name]
    tensors = {"x": RowTensor("x", rows, row_bytes, alignment)}
    layers = []
    for at, (kind, inputs, rows, row_bytes, height, stride, top, width, columns, channels) in enumerate(
        table
    ):
        names = inputs.split()
        steps = tensors[names[0]].rows
        if kind == "reduce":
            needs = tuple((row, row) for row in range(steps))
        elif kind == "dense":
            needs = None
        else:
            needs = window(steps, rows, height, stride, top)
        elementwise = kind in ("add", "softmax")
        layers.append(
            RowLayer(
                name=f"{kind}{at}",
                inputs=tuple(RowInput(name, needs, elementwise) for name in names),
                output=f"t{at}",
                kernels=kernels(kind, height, stride, width, columns, channels, row_bytes),
                accumulates=kind == "reduce",
            )
        )
        tensors[f"t{at}"] = RowTensor(f"t{at}", rows, row_bytes, alignment)
    return layers, list(tensors.values()), ["x"], [layers[-1].output]
