"""Small .tflite files made field by field: what smelt's writer never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smelt.formats.tflite import write_tflite
from smelt.formats.tflite.flatbuffer import write_flatbuffer
from smelt.formats.tflite.flatbuffer_schema import Record
from smelt.formats.tflite.schema import TFLITE, BuiltinOperator, TensorType
from smelt.ir import Array, DType, Quantization
from smelt.operators.builder import GraphBuilder
from smelt.operators.case import Tensor, random_blocks, random_nibbles, random_weights

_TYPES = {
    "float32": TensorType.FLOAT32,
    "float16": TensorType.FLOAT16,
    "int8": TensorType.INT8,
    "uint8": TensorType.UINT8,
    "int16": TensorType.INT16,
    "int32": TensorType.INT32,
    "int64": TensorType.INT64,
    "bool": TensorType.BOOL,
}


@dataclass
class Subgraph:
    """Tensors and operators by name; the tensors are listed in the order in which they are named."""

    name: str = "main"
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    tensors: dict[str, Record] = field(default_factory=dict)
    operators: list[tuple[BuiltinOperator, Sequence[str], Sequence[str], dict[str, Any]]] = field(
        default_factory=list
    )


class SmallFile:
    """A file under construction; `model` gives its bytes."""

    def __init__(self) -> None:
        self.buffers: list[Record] = [TFLITE.record("Buffer")]
        self.subgraphs: list[Subgraph] = []
        self.signatures: list[Record] = []
        self.metadata: list[Record] = []

    def subgraph(self, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> Subgraph:
        """A new subgraph."""
        self.subgraphs.append(Subgraph(name, inputs, outputs))
        return self.subgraphs[-1]

    def tensor(
        self, graph: Subgraph, name: str, shape: Sequence[int], kind: str = "float32", **fields: Any
    ) -> str:
        """A computed tensor."""
        graph.tensors[name] = TFLITE.record(
            "Tensor",
            name=name,
            shape=list(shape),
            type=_TYPES.get(kind, TensorType.RESOURCE),
            has_rank=True,
            **fields,
        )
        return name

    def constant(
        self, graph: Subgraph, name: str, array: Array, shape: Sequence[int] | None = None, **fields: Any
    ) -> str:
        """A constant tensor; `shape` where the array holds only what a sparse one stores."""
        data = np.frombuffer(array.tobytes(), np.uint8)
        self.buffers.append(TFLITE.record("Buffer", data=data))
        shape = array.shape if shape is None else shape
        return self.tensor(graph, name, shape, str(array.dtype), buffer=len(self.buffers) - 1, **fields)

    def signature(
        self, key: str, subgraph: int, inputs: Mapping[str, str], outputs: Mapping[str, str]
    ) -> None:
        """An entry point: its names for tensors of a subgraph."""
        places = list(self.subgraphs[subgraph].tensors)

        def maps(names: Mapping[str, str]) -> list[Record]:
            return [
                TFLITE.record("TensorMap", name=name, tensor_index=places.index(tensor))
                for name, tensor in names.items()
            ]

        self.signatures.append(
            TFLITE.record(
                "SignatureDef",
                signature_key=key,
                subgraph_index=subgraph,
                inputs=maps(inputs),
                outputs=maps(outputs),
            )
        )

    def model(self) -> bytes:
        """The file."""
        codes: dict[BuiltinOperator, int] = {}
        subgraphs = [self._written(graph, codes) for graph in self.subgraphs]
        return write_flatbuffer(
            TFLITE.record(
                "Model",
                version=3,
                operator_codes=[
                    TFLITE.record(
                        "OperatorCode",
                        deprecated_builtin_code=min(int(code), 127),
                        builtin_code=code,
                        version=1,
                    )
                    for code in codes
                ],
                subgraphs=subgraphs,
                buffers=self.buffers,
                signature_defs=self.signatures,
                metadata=self.metadata,
            ),
            TFLITE,
        )

    def _written(self, graph: Subgraph, codes: dict[BuiltinOperator, int]) -> Record:
        places = {name: index for index, name in enumerate(graph.tensors)}
        operators = [
            TFLITE.record(
                "Operator",
                opcode_index=codes.setdefault(code, len(codes)),
                inputs=[places[name] for name in inputs],
                outputs=[places[name] for name in outputs],
                **options,
            )
            for code, inputs, outputs, options in graph.operators
        ]
        return TFLITE.record(
            "SubGraph",
            name=graph.name,
            tensors=list(graph.tensors.values()),
            inputs=[places[name] for name in graph.inputs],
            outputs=[places[name] for name in graph.outputs],
            operators=operators,
        )


def unary(file: SmallFile, graph: Subgraph, code: BuiltinOperator, source: str, result: str) -> None:
    """An operator of one tensor without options, and its result like its source."""
    if result not in graph.tensors:
        file.tensor(graph, result, graph.tensors[source].shape)
    graph.operators.append((code, [source], [result], {}))


def calling(code: BuiltinOperator, options: Record, condition: bool | None = None) -> SmallFile:
    """x -> neg -> a call of subgraph 1 (abs) or 2 (exp) -> y."""
    file = SmallFile()
    main = file.subgraph("main", ["x"], ["y"])
    file.tensor(main, "x", (1, 3))
    unary(file, main, BuiltinOperator.NEG, "x", "n")
    inputs = ["n"]
    if condition is not None:
        inputs = [file.constant(main, "condition", np.array([condition])), "n"]
    file.tensor(main, "y", (1, 3))
    field_name = "builtin_options_2" if code is BuiltinOperator.STABLEHLO_COMPOSITE else "builtin_options"
    main.operators.append((code, inputs, ["y"], {field_name: options}))
    for name, inner in (("first", BuiltinOperator.ABS), ("second", BuiltinOperator.EXP)):
        graph = file.subgraph(name, ["x"], ["out"])
        file.tensor(graph, "x", (1, 3))
        unary(file, graph, inner, "x", "t")
        unary(file, graph, BuiltinOperator.SQUARE, "t", "out")
    return file


def with_variable(*, assigned_by_main: bool) -> SmallFile:
    """A variable that a subgraph, called once, gives a value; x + variable."""
    file = SmallFile()
    main = file.subgraph("main", ["x"], ["y"])
    options = TFLITE.record("VarHandleOptions", container="", shared_name="v")
    file.tensor(main, "x", (2,))
    once = {"builtin_options": TFLITE.record("CallOnceOptions", init_subgraph_index=1)}
    main.operators.append((BuiltinOperator.CALL_ONCE, [], [], once))
    file.tensor(main, "handle", (), "resource")
    main.operators.append((BuiltinOperator.VAR_HANDLE, [], ["handle"], {"builtin_options": options}))
    file.tensor(main, "v", (2,))
    main.operators.append(
        (
            BuiltinOperator.READ_VARIABLE,
            ["handle"],
            ["v"],
            {"builtin_options": TFLITE.record("ReadVariableOptions")},
        )
    )
    file.tensor(main, "y", (2,))
    main.operators.append(
        (BuiltinOperator.ADD, ["x", "v"], ["y"], {"builtin_options": TFLITE.record("AddOptions")})
    )
    assign = {"builtin_options": TFLITE.record("AssignVariableOptions")}
    if assigned_by_main:
        main.operators.append((BuiltinOperator.ASSIGN_VARIABLE, ["handle", "y"], [], assign))
    init = file.subgraph("init", [], [])
    file.tensor(init, "handle", (), "resource")
    init.operators.append((BuiltinOperator.VAR_HANDLE, [], ["handle"], {"builtin_options": options}))
    file.constant(init, "start", np.array([3, 4], np.float32))
    init.operators.append((BuiltinOperator.ASSIGN_VARIABLE, ["handle", "start"], [], assign))
    return file


def with_two_signatures() -> SmallFile:
    """Subgraph 0, "negate", and subgraph 1, "square"."""
    file = SmallFile()
    for key, code in (("negate", BuiltinOperator.NEG), ("square", BuiltinOperator.SQUARE)):
        graph = file.subgraph(key, ["x"], ["y"])
        file.tensor(graph, "x", (2,))
        unary(file, graph, code, "x", "y")
    file.signature("negate", 0, {"number": "x"}, {"negated": "y"})
    file.signature("square", 1, {"number": "x"}, {"squared": "y"})
    return file


def sparse_dense_layer(*, blocks: bool) -> tuple[SmallFile, Array]:
    """x [1, 8] times a sparse [4, 8] matrix, and that matrix."""
    rng = np.random.default_rng(1)
    matrix = np.zeros((4, 8), np.float32)
    if blocks:
        for row, block in ((0, 1), (2, 0), (3, 0), (3, 1)):
            matrix[row, 4 * block : 4 * block + 4] = rng.normal(size=4)
        present = matrix.reshape(4, 2, 4).any(axis=2)
        stored = matrix.reshape(4, 2, 4)[present].reshape(-1)
    else:
        matrix[[0, 0, 2, 3], [1, 7, 3, 0]] = rng.normal(size=4)
        present = matrix != 0
        stored = matrix[present]
    counts = present.sum(axis=1)
    sparse = TFLITE.record(
        "DimensionMetadata",
        format=1,
        array_segments=TFLITE.record("Int32Vector", values=[0, *np.cumsum(counts).tolist()]),
        array_indices=TFLITE.record("Uint8Vector", values=np.nonzero(present)[1].tolist()),
    )
    levels = [TFLITE.record("DimensionMetadata", format=0, dense_size=4), sparse]
    if blocks:
        levels.append(TFLITE.record("DimensionMetadata", format=0, dense_size=4))
    sparsity = TFLITE.record(
        "SparsityParameters",
        traversal_order=list(range(len(levels))),
        block_map=[1] if blocks else [],
        dim_metadata=levels,
    )
    file = SmallFile()
    main = file.subgraph("main", ["x"], ["y"])
    file.tensor(main, "x", (1, 8))
    file.constant(main, "w", stored, (4, 8), sparsity=sparsity)
    file.constant(main, "b", np.zeros(4, np.float32))
    file.tensor(main, "y", (1, 4))
    main.operators.append(
        (
            BuiltinOperator.FULLY_CONNECTED,
            ["x", "w", "b"],
            ["y"],
            {"builtin_options": TFLITE.record("FullyConnectedOptions")},
        )
    )
    return file, matrix


def narrow_layers() -> bytes:
    """Convolutions whose weights are of half precision, int8, int8 met by quantized data, and int4; then int16."""
    rng = np.random.default_rng(2)
    builder = GraphBuilder("narrow")
    x = builder.input("x", DType.F32, (1, 5, 5, 2))
    tensor: Tensor = Tensor(DType.F16, (2, 3, 3, 2), None, rng.normal(size=(2, 3, 3, 2)).astype(np.float16))
    kinds = [(tensor, "none"), (random_weights((2, 3, 3, 2), 0, 1), "none")]
    kinds += [
        (random_weights((2, 3, 3, 2), 0, 2), "asymmetric"),
        (random_nibbles((2, 3, 3, 2), 0, 3), "none"),
    ]
    for index, (weights, how) in enumerate(kinds):
        assert weights.constant is not None
        w = builder.constant(f"w{index}", weights.constant, weights.quantization, weights.dtype)
        attributes = {"padding": (1, 1, 1, 1), "quantize_input": how}
        x = builder.add("conv_2d", [x, w], attributes)
    x = builder.add("quantize", [x], {"dtype": "s16"}, quantization=Quantization.per_tensor(0.001))
    eight = random_weights((3, 3, 3, 2), 0, 4)
    assert eight.constant is not None
    w = builder.constant("wide", eight.constant, eight.quantization)
    x = builder.add("conv_2d", [x, w], quantization=Quantization.per_tensor(0.002))
    x = builder.add("logistic", [x], quantization=Quantization.per_tensor(1 / 32768))
    return write_tflite(builder.build([x]))


def recurrent_layers() -> bytes:
    """An LSTM and, step by step, a GRU."""
    rng = np.random.default_rng(3)
    builder = GraphBuilder("recurrent")
    x = builder.input("x", DType.F32, (1, 2, 2))
    for operator, gates, returns in (("lstm", 4, "sequence"), ("gru", 3, "last")):
        shapes = ((gates * 2, 2), (gates * 2, 2), (gates * 2,))
        arrays = [rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]
        weights = [builder.constant(f"{operator}{k}", array) for k, array in enumerate(arrays)]
        x = builder.add(operator, [x, *weights], {"returns": returns})
    return write_tflite(builder.build([x]))


def blocks() -> bytes:
    """A dense layer with a scale for each block of its int4 weights."""
    builder = GraphBuilder("blocks")
    x = builder.input("x", DType.F32, (1, 64))
    weights = random_blocks((3, 64), 32, seed=5)
    assert weights.constant is not None
    w = builder.constant("w", weights.constant, weights.quantization, DType.S4)
    return write_tflite(
        builder.build([builder.add("fully_connected", [x, w], {"quantize_input": "asymmetric"})])
    )
