"""Libraries for the runtime of Apache TVM, compiled by TVM."""

from smelt.formats.tvm.write import compile_tvm, write_tvm

__all__ = ["compile_tvm", "write_tvm"]
