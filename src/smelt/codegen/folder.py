"""Writing a project into a folder without losing anything of the user's."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from smelt.codegen.project import MANIFEST, Project
from smelt.errors import CompileError, UsageError


def write_project(project: Project, folder: Path) -> None:
    """Write all files of a project into a folder, as `write_folder` does."""
    write_folder(project.files, folder)


def write_folder(files: Mapping[str, str], folder: Path) -> None:
    """Write files (path → text, the manifest among them) into a folder, which is created, or replaced as a whole.

    A folder that smelt wrote before is renewed: its generated files go, other files in it stay.
    UsageError when the folder is not smelt's, or a generated file was changed by hand; CompileError
    when the system refuses.  Either way the folder is left as it was.
    """
    folder = Path(folder).resolve()
    try:
        kept = _users_files(files, folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise CompileError(f"cannot write '{folder}': {error.strerror}") from error
    try:
        for path, text in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_text(text, encoding="utf-8", newline="\n")
        for path in kept:
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / path, staging / path, follow_symlinks=False)
        staging.chmod(0o755)
        _swap(staging, folder)
    except OSError as error:
        raise CompileError(f"cannot write '{folder}': {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _users_files(files: Mapping[str, str], folder: Path) -> list[str]:
    """The files in the folder that are not generated; UsageError when it cannot be renewed without loss."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise UsageError(f"'{folder}' is a file; the output is a folder")
    if Path.cwd().is_relative_to(folder):
        raise UsageError(
            f"'{folder}' is the current folder, or holds it, and would be replaced: choose another"
        )
    present = [
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    ]
    if not present:
        return []
    written = _digests(folder / MANIFEST)
    if not written:
        raise UsageError(f"'{folder}' holds files that smelt did not write; choose a new folder")
    changed = [
        path for path in sorted(written) if path in present and _digest(folder / path) != written[path]
    ]
    clashes = [path for path in sorted(files) if path in present and path not in {*written, MANIFEST}]
    for paths, what in ((changed, "changed since smelt wrote it"), (clashes, "in the way and not smelt's")):
        if paths:
            others = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
            raise UsageError(
                f"'{folder / paths[0]}'{others} is {what}: move it away, or choose a new folder for the project"
            )
    return sorted(set(present) - {*written, MANIFEST})


def _digests(manifest: Path) -> dict[str, str]:
    """Path → digest of a manifest; empty where there is none."""
    if not manifest.is_file():
        return {}
    text = manifest.read_text(encoding="utf-8", errors="replace")
    return {path: digest for digest, path in re.findall(r"^([0-9a-f]{64})  (.+)$", text, re.MULTILINE)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _swap(staging: Path, folder: Path) -> None:
    """Put the new folder in the old one's place, or the old one back when that fails."""
    if not folder.exists():
        os.rename(staging, folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        os.rename(folder, aside / "was")
        try:
            os.rename(staging, folder)
        except OSError:
            os.rename(aside / "was", folder)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
