"""Populations on disk: what was written is read back, in pieces, whole or not at all."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from symkit.errors import DomainError, Unsupported
from symkit.spaces import Population, Space, aquasurf, bulk_moments, estimates, save, schema, unique, valid
from symkit.spaces.populations import columns as columns_module
from symkit.spaces.populations import parquet as parquet_module
from symkit.spaces.populations import saving as saving_module
from symkit.spaces.populations.population import BLOCK

SPACE = schema("binary(unary(x), unary(x))", {"unary": ["exp", "log", "neg", "relu"], "binary": ["sub", "div", "max"]})
TEXTS = ["relu(x)", "log(x)", "max(0, x)", "2", "alpha*x", "1/x", "x"]
FULL = Path("/dev/full")


def table_of(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


def column(path: Path, name: str) -> np.ndarray:
    return table_of(path)[name].to_numpy()


# -- arrays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("functions", [SPACE, TEXTS, aquasurf(3)], ids=["space", "list", "aquasurf"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_array_holds_the_values(functions: Space | list[str], dtype: str, tmp_path: Path) -> None:
    population = Population(functions, points=50, dtype=dtype)
    path = tmp_path / "values.npy"
    assert save(population, path) == len(population)
    found = np.load(path, mmap_mode="r")
    assert isinstance(found, np.memmap)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, population.values())
    assert path.stat().st_size % 64 == population.count * len(population) * found.itemsize % 64


def test_an_array_of_some_functions(tmp_path: Path) -> None:
    population, path = Population(SPACE, points=30), tmp_path / "values.npy"
    everything, same, ok = population.values(), population.unique(), valid(population)
    cases: list[tuple[object, np.ndarray]] = [
        ("values", everything[same.first]),
        (same, everything[same.first]),
        ("program", everything[population.unique("program").first]),
        ([4, 4, -1], everything[[4, 4, -1]]),
        (ok, everything[ok]),
        ([], everything[:0]),
    ]
    for only, expected in cases:
        assert save(population, path, only=only) == len(expected)
        np.testing.assert_array_equal(np.load(path), expected)
    assert 0 < same.distinct < len(SPACE)


def test_functions_are_saved_at_samples(tmp_path: Path) -> None:
    save(TEXTS, str(tmp_path / "values.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), Population(TEXTS).values())


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_table_holds_every_function(tmp_path: Path) -> None:
    population, path = Population(SPACE, points=60), tmp_path / "functions.parquet"
    assert save(population, path) == len(SPACE)
    table = table_of(path)
    assert table.column_names == ["place", "text", "print", "first", "valid"]
    assert [str(kind) for kind in table.schema.types] == ["int64", "string", "uint64", "int64", "bool"]
    same = unique(SPACE, points=60)
    assert table["place"].to_pylist() == list(range(len(SPACE)))
    assert table["text"].to_pylist() == [str(e) for e in SPACE]
    np.testing.assert_array_equal(column(path, "print"), population.prints)
    np.testing.assert_array_equal(column(path, "first"), same.first[same.labels])
    np.testing.assert_array_equal(column(path, "valid"), valid(population))


def test_every_column_of_some_functions(tmp_path: Path) -> None:
    population, path = Population(TEXTS, points=40, seed=5), tmp_path / "functions.parquet"
    places = [5, 1, 0, 3]
    wanted = columns_module.COLUMNS
    assert save(population, path, only=places, columns=wanted) == 4
    table = table_of(path)
    assert tuple(table.column_names) == wanted
    assert table["place"].to_pylist() == places
    assert table["text"].to_pylist() == ["1/x", "log(x)", "relu(x)", "2"]
    assert table["first"].to_pylist() == [5, 1, 0, 3]
    assert table["valid"].to_pylist() == [True, False, True, False]
    rough = estimates(population, places)
    for name, numbers in (("estimated_mean", rough.mean), ("estimated_variance", rough.variance)):
        assert table[name].to_pylist() == [None if np.isnan(v) else v for v in numbers]
    exact = bulk_moments(population, places)
    for name in ("mean", "variance", "backward_gain"):
        assert table[name].to_pylist() == [None if np.isnan(v) else v for v in getattr(exact, name)]
    assert table["mean"].null_count == 2
    assert table["reason"].to_pylist() == list(exact.reasons)
    assert str(table["values"].type) == "fixed_size_list<element: float>[40]"
    np.testing.assert_array_equal(np.stack(table["values"].to_numpy()), population.values(places))
    told = json.loads(table.schema.metadata[b"symkit"])
    np.testing.assert_array_equal(np.array(told["points"]["x"], told["dtype"]), population.points["x"])


def test_the_first_of_a_group_is_that_of_the_level(tmp_path: Path) -> None:
    path = tmp_path / "functions.parquet"
    population = Population([*TEXTS, "beta*x"], points=20)
    save(population, path, only="program", columns=["place", "first"])
    assert column(path, "place").tolist() == column(path, "first").tolist() == [0, 1, 2, 3, 4, 5, 6]
    save(population, path, columns=["first"])
    assert column(path, "first").tolist() == [0, 1, 0, 3, 4, 5, 4, 4]


def test_a_table_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "functions.parquet"
    for columns in (None, ["values"]):
        assert save(TEXTS, path, only=[], columns=columns) == 0
        assert table_of(path).num_rows == 0
    assert table_of(path).column_names == ["values"]


@pytest.mark.parametrize("columns", [["place", "text"], ["place", "values", "text"]])
def test_tables_are_written_in_groups_of_rows(
    columns: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "CHUNK", 1000)
    monkeypatch.setattr(parquet_module, "ROWS", 2000)
    told: list[int] = []
    path, population = tmp_path / "functions.parquet", Population(aquasurf(3), points=16)
    assert save(population, path, columns=columns, progress=lambda done, total: told.append(done)) == 5103
    assert np.diff([0, *told]).max() <= max(1000, BLOCK)
    assert told[-1] == 5103
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sum(sizes) == 5103
    assert max(sizes) <= 2000 + BLOCK
    assert len(sizes) >= 3
    table = file.read()
    assert table["place"].to_pylist() == list(range(5103))
    assert table["text"][4321].as_py() == str(population[4321])
    if "values" in columns:
        np.testing.assert_array_equal(np.stack(table["values"].to_numpy()), population.values())


def test_large_rows_are_written_in_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "BYTES", 1_000_000)
    path = tmp_path / "functions.parquet"
    save(Population(aquasurf(3), points=500), path, only=np.arange(4096), columns=["values"])
    assert pq.ParquetFile(path).num_row_groups == 4


# -- whole or not there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["values.npy", "functions.parquet"])
def test_an_interrupted_save_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("old")

    def interrupt(done: int, total: int) -> None:
        assert 0 < done < total
        assert len(list(tmp_path.iterdir())) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(Population(aquasurf(3), points=16), path, progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert path.read_text() == "old"


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("name", ["values.npy", "functions.parquet"])
def test_a_full_disk_is_an_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.write_text("old")

    def full(path: Path, write: Callable[[Path], None]) -> None:
        draft = path.with_name("draft")
        draft.symlink_to(FULL)
        try:
            write(draft)
        finally:
            draft.unlink()

    monkeypatch.setattr(saving_module, "write_whole", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save(Population(aquasurf(3), points=100), path)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_text() == "old"


def test_an_array_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = saving_module.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(saving_module.shutil, "disk_usage", lambda path: usage._replace(free=8_000_000))
    population = Population(aquasurf(3), points=1000)
    with pytest.raises(DomainError, match=r"values.npy takes 0.020 GB and 0.008 GB are free; save fewer"):
        save(population, tmp_path / "values.npy")
    assert save(population, tmp_path / "values.npy", only=range(2000)) == 2000


def test_tables_need_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r'pip install "symkit\[parquet\]"'):
        save(TEXTS, tmp_path / "functions.parquet")
    assert save(TEXTS, tmp_path / "values.npy") == len(TEXTS)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("values.npz", {}, "ends in .npz; populations are saved as .npy, .parquet"),
        ("values", {}, "ends in nothing"),
        ("nowhere/values.npy", {}, "must be a file in a folder that exists"),
        ("values.npy", {"columns": ["text"]}, "has no columns; .parquet has"),
        ("functions.parquet", {"columns": ["name"]}, "'name' is no column; there are place, text"),
        ("functions.parquet", {"columns": []}, "at least one column"),
        ("values.npy", {"only": "value"}, "only='value' is not one of program, values, function"),
        ("values.npy", {"only": unique(["x", "2*x"], points=4)}, "a Unique of 2 functions is not one of these 7"),
    ],
)
def test_what_cannot_be_saved(name: str, options: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=told):
        save(TEXTS, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_places_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(IndexError, match="places are below 7"):
        save(TEXTS, tmp_path / "values.npy", only=[7])
