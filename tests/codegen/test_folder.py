"""Writing a project twice keeps what is the user's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from small_models import small_float, small_int8

import smelt
from smelt.codegen.project import MANIFEST
from smelt.errors import UsageError


def project(which: object = small_int8, name: str | None = None) -> smelt.Project:
    assert callable(which)
    return smelt.generate(which(), smelt.find_target("host"), name)


def test_files_beside_the_project_stay(tmp_path: Path) -> None:
    """Also the build folder that the project's README tells to make, and links."""
    folder = tmp_path / "c"
    smelt.write_project(project(small_float, "old"), folder)
    (folder / "application.c").write_text("int main(void) { return 0; }")
    (folder / "build").mkdir()
    (folder / "build" / "cache.txt").write_text("x")
    (folder / "link").symlink_to("nowhere")
    smelt.write_project(project(), folder)
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or p.is_file()}
    assert found == {*project().files, "application.c", "build/cache.txt", "link"}
    assert (folder / "application.c").read_text() == "int main(void) { return 0; }"
    assert os.listdir(tmp_path) == ["c"]


def test_a_changed_file_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    smelt.write_project(project(), folder)
    (folder / "main.c").write_text("mine")
    with pytest.raises(UsageError, match=r"main\.c' is changed since smelt wrote it"):
        smelt.write_project(project(), folder)
    assert (folder / "main.c").read_text() == "mine"
    (folder / "main.c").unlink()
    smelt.write_project(project(), folder)
    assert (folder / "main.c").read_text() == project().files["main.c"]


def test_a_file_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    smelt.write_project(project(name="first"), folder)
    (folder / "second.c").write_text("mine")
    with pytest.raises(UsageError, match=r"second\.c' is in the way"):
        smelt.write_project(project(name="second"), folder)
    assert (folder / "second.c").read_text() == "mine"
    assert (folder / "first.c").exists()


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="current folder"):
        smelt.write_project(project(), Path())
    assert os.listdir(tmp_path) == []


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    smelt.write_project(project(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "small.c").exists()


def test_the_manifest_lists_every_file_with_its_digest() -> None:
    files = project().files
    lines = dict(reversed(line.split("  ")) for line in files[MANIFEST].splitlines())
    assert lines.keys() == files.keys() - {MANIFEST}
    assert all(hashlib.sha256(files[path].encode()).hexdigest() == digest for path, digest in lines.items())
