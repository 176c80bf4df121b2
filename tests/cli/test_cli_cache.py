"""`symkit cache`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from commands import Command

from symkit import functional, parse
from symkit.disk_cache import MAX_BYTES, PARSE_TABLES


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with two kernels and the tables of a parser in it."""
    parse("x")  # The parser of this process leaves nothing there.
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path))
    f = functional("x*tanh(x)", backend="cpu")
    f(torch.zeros(3))
    f(torch.zeros(3, dtype=torch.float64))
    PARSE_TABLES.write("0" * 64, b"tables")
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_info_says_where_and_how_much(symkit: Command, folder: Path) -> None:
    size = sum(path.stat().st_size for path in files(folder))
    assert symkit("cache", "--info", "--json").json == {
        "path": str(folder),
        "kernels": 2,
        "parse_tables": 1,
        "simplified": 0,
        "bytes": size,
        "limit": MAX_BYTES,
    }
    text = symkit("cache").out
    assert [line.split() for line in text.splitlines()] == [
        ["folder", str(folder)],
        ["kernels", "2"],
        ["parse", "tables", "1"],
        ["simplified", "0"],
        ["size", f"{size / 1024:.3g}", "KiB", "of", "at", "most", "256", "MiB"],
    ]
    assert len(files(folder)) == 3


def test_clear_removes_everything_of_symkit_and_nothing_else(symkit: Command, folder: Path) -> None:
    (folder / "mine.txt").write_text("keep")
    done = symkit("cache", "--clear")
    assert (done.code, done.out) == (0, f"removed 3 files from {folder}\n")
    assert files(folder) == [folder / "mine.txt"]
    assert symkit("cache", "--clear", "--json").json == {"path": str(folder), "removed": 0}
    assert symkit("cache", "--json").json["bytes"] == 0


def test_a_folder_that_is_not_there_is_empty(symkit: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path / "none"))
    assert symkit("cache", "--json").json["kernels"] == 0
    assert not (tmp_path / "none").exists()


def test_info_and_clear_do_not_go_together(symkit: Command) -> None:
    done = symkit("cache", "--info", "--clear")
    assert (done.code, done.out) == (2, "")
    assert "not both" in done.err


def test_a_user_without_a_home_is_told_what_to_do(symkit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("SYMKIT_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    done = symkit("cache")
    assert done.code == 2
    assert "SYMKIT_CACHE_DIR" in done.err
