"""From a graph, a memory plan and a target to a C99 project."""

from smelt.codegen.folder import write_folder, write_project
from smelt.codegen.options import BALANCED, Options
from smelt.codegen.program import Program, build_program
from smelt.codegen.project import Project, generate

__all__ = [
    "BALANCED",
    "Options",
    "Program",
    "Project",
    "build_program",
    "generate",
    "write_folder",
    "write_project",
]
