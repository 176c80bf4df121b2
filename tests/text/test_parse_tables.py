"""The parser's tables on disk: found again, healed when damaged, done without where they cannot be kept."""

from __future__ import annotations

import json
import marshal
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lark
import pytest
from damage import DAMAGE
from processes import run_python

from symkit.disk_cache import PARSE_TABLES
from symkit.errors import ParseError
from symkit.ops import OperatorTable, standard
from symkit.text import Expression, define, grammar
from symkit.text.reader import Reader

DATA = json.loads((Path(__file__).parent.parent / "data" / "expressions.json").read_text(encoding="utf-8"))
TEXTS = [entry["expression"] for entry in DATA["expressions"].values()]
WRONG = ("", "x +", "x)", "(x", "f(x) =", "f(x; a = b) = x", "2 3", "a = x", "1 < x < 2", "|x", "x $ y", "x if")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def unbuildable_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """To call when parsers may come from the disk only."""

    class Loaded(lark.Lark):
        def __init__(self, *_: object, **__: object) -> None:
            raise AssertionError("built again")

    return lambda: monkeypatch.setattr(grammar, "Lark", Loaded)


def tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read(reader: Reader, text: str, table: OperatorTable | None = None) -> Expression | str:
    """The expression, or what is wrong with the text."""
    try:
        return reader.read(text, None, table or standard())
    except ParseError as error:
        return str(error)


def works(reader: Reader) -> bool:
    return str(read(reader, "x*sigmoid(x)")) == "x*sigmoid(x)"


def test_tables_from_the_disk_read_like_new_ones(folder: Path, unbuildable_later: Callable[[], None]) -> None:
    built = Reader()
    assert len(tables(folder)) == 1
    unbuildable_later()
    loaded = Reader()
    found = [read(loaded, text) for text in (*TEXTS, *WRONG)]
    assert found == [read(built, text) for text in (*TEXTS, *WRONG)]
    assert sum(isinstance(one, str) for one in found) == len(WRONG)


def test_operators_of_ones_own_are_read(unbuildable_later: Callable[[], None]) -> None:
    Reader()
    unbuildable_later()
    reader = Reader()
    table = define("gate", "sigmoid(3*x)*y")
    assert str(read(reader, "gate(x, 2)", table)) == "gate(x, 2)"
    assert "unknown function" in str(read(reader, "gate(x, 2)"))


def test_another_process_builds_nothing(folder: Path) -> None:
    code = """
import sys
import symkit
from symkit.text import grammar
if sys.argv[1] == "never":
    grammar.Lark.__init__ = None
print(symkit.parse("x*sigmoid(x)"))
"""
    assert run_python(code, "builds") == run_python(code, "never") == "x*sigmoid(x)\n"
    assert len(tables(folder)) == 1


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_heals(
    folder: Path, damage: Callable[[bytes], bytes], unbuildable_later: Callable[[], None]
) -> None:
    Reader()
    (path,) = tables(folder)
    path.write_bytes(damage(path.read_bytes()))
    assert works(Reader())
    unbuildable_later()
    assert works(Reader())


CONTENTS = {
    "nothing": b"",
    "garbage": b"garbage",
    "a number": marshal.dumps(1),
    "empty": marshal.dumps(({}, {})),
    "half": marshal.dumps(({"parser": {}, "rules": [], "options": {}}, {0: {"__type__": "Rule"}})),
    "another type": marshal.dumps(({"parser": {}, "rules": [], "options": {}}, {0: {"__type__": "Path"}})),
    "code": marshal.dumps(compile("raise SystemExit", "tables", "exec")),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_whole_file_that_holds_no_tables_heals(
    folder: Path, content: bytes, unbuildable_later: Callable[[], None]
) -> None:
    Reader()
    (path,) = tables(folder)
    PARSE_TABLES.write(path.stem, content)
    assert works(Reader())
    unbuildable_later()
    assert works(Reader())


class Command:
    """What a pickle can do: run something when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_nothing_in_a_file_is_run(folder: Path, tmp_path: Path) -> None:
    Reader()
    (path,) = tables(folder)
    content = pickle.dumps(Command(tmp_path / "ran"))
    PARSE_TABLES.write(path.stem, content)
    assert works(Reader())
    assert not (tmp_path / "ran").exists()
    pickle.loads(content)
    assert (tmp_path / "ran").exists(), "the file would have run"


@pytest.mark.parametrize("place", ["{tmp}/file/inside", "/proc/no/such/place", "{tmp}/" + "long" * 80])
def test_a_folder_that_cannot_be_written_is_no_error(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    monkeypatch.setenv("SYMKIT_CACHE_DIR", place.format(tmp=tmp_path))
    assert works(Reader())
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_where_the_file_should_be_is_no_error(folder: Path) -> None:
    Reader()
    (path,) = tables(folder)
    path.unlink()
    path.mkdir()
    assert works(Reader())
    assert tables(folder) == []


def test_a_user_without_a_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("SYMKIT_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert works(Reader())


def test_another_grammar_has_tables_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Reader()
    text = grammar.grammar_text()
    monkeypatch.setattr(grammar, "grammar_text", lambda: text.replace('POWER.2: "**" | "^"', 'POWER.2: "**"'))
    for _ in ("builds", "loads"):
        reader = Reader()
        assert works(reader)
        assert "'^' is not part of the language" in str(read(reader, "x^2"))
        assert len(tables(folder)) == 2
    monkeypatch.setattr(grammar, "grammar_text", lambda: text)
    assert str(read(Reader(), "x^2")) == "x**2"


def test_another_lark_python_or_reader_has_tables_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [
        (lark, "__version__", "1.0"),
        (sys, "version", "another"),
        (grammar, "OPTIONS", {**grammar.OPTIONS, "propagate_positions": True}),
        (grammar.Refiner, "always_accept", (*grammar.Refiner.always_accept, "LEFT")),
    ]
    Reader()
    for number, (where, name, value) in enumerate(changes, 2):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, value)
            assert works(Reader())
        assert len(tables(folder)) == number
    assert works(Reader())
    assert len(tables(folder)) == len(changes) + 1


def test_a_lark_that_serialises_otherwise_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(lark.utils.Serialize, "memo_serialize")
        assert works(Reader())
        assert tables(folder) == []
    Reader()
    monkeypatch.delattr(lark.Lark, "_load_from_dict")
    assert works(Reader())


def test_processes_that_build_the_same_tables(folder: Path) -> None:
    command = [sys.executable, "-c", "import symkit; print(symkit.parse('x*sigmoid(x)'))"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert printed == ["x*sigmoid(x)\n"] * 4
    (path,) = tables(folder)
    assert PARSE_TABLES.read(path.stem) is not None
