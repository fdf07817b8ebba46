"""A transpose of matrices becomes an attribute of the product that reads it."""

from __future__ import annotations

from smelt.ir import Graph, Node

_FLAGS = ("transpose_a", "transpose_b")


def fuse_matrix_transposes(graph: Graph) -> Graph:
    """Let batch_matmul read the inputs of transposes that exchange the last two dimensions, and nothing else."""
    producers = graph.producers()

    def exchanged(name: str | None) -> str | None:
        """What a value is the transposed matrices of."""
        node = producers.get(name) if name is not None else None
        if node is None or node.operator != "transpose":
            return None
        permutation = node.attributes["permutation"]
        assert isinstance(permutation, tuple)
        rank = len(permutation)
        swapped = (*range(rank - 2), rank - 1, rank - 2)
        return node.inputs[0] if rank >= 2 and permutation == swapped else None

    nodes: list[Node] = []
    for node in graph.nodes:
        if node.operator == "batch_matmul":
            for index, flag in enumerate(_FLAGS):
                if (source := exchanged(node.inputs[index])) is not None:
                    inputs = [*node.inputs]
                    inputs[index] = source
                    turned = not node.attributes.get(flag, False)
                    node = node.with_inputs(*inputs).with_attributes(**{flag: turned})
        nodes.append(node)
    return graph if tuple(nodes) == graph.nodes else graph.replaced(nodes=nodes)
