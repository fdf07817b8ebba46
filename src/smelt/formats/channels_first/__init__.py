"""What readers of channels-first formats (ONNX, PyTorch) have in common: tensors in layouts, and operators on them.

`layout` says how a file's tensor lies in smelt's, `tensors` keeps them while a graph is built, `translation` is
what a function that reads one foreign operator is given and returns; `elementwise`, `rearranging`, `spatial` and
`dense` are what such functions do, once they have understood the foreign operator's inputs and attributes.
"""
