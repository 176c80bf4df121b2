"""Populations on disk, written block by block: values as a numpy array, or a table in Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike

from symkit.errors import DomainError
from symkit.files import check_place, write_whole
from symkit.spaces.populations.columns import COLUMNS, DEFAULT, Column, Table
from symkit.spaces.populations.features import as_population
from symkit.spaces.populations.numbering import Numbers, Progress
from symkit.spaces.populations.parquet import check_installed, write_table
from symkit.spaces.populations.population import Functions, Population
from symkit.spaces.populations.unique import LEVELS, Level, Unique

SUFFIXES = (".npy", ".parquet")


def save(
    functions: Functions | Population,
    path: str | PathLike[str],
    *,
    only: Level | Unique | ArrayLike | None = None,
    columns: Sequence[Column] | None = None,
    progress: Progress | None = None,
) -> int:
    """Writes a population to a file, with a few thousand functions in memory at a time.

    The suffix says what is written. ".npy": values, (functions, points); `np.load(path, mmap_mode="r")` reads rows as
    they are asked for. ".parquet": a table with a row for each function, which pandas, polars and pyarrow read, and
    `pyarrow.parquet.ParquetFile(path).iter_batches()` piece by piece. Its columns:

    "place": int64, the number in the space or the place in the list.
    "text": the expression, some 0.05 milliseconds a function. `Population(texts)` reads it again.
    "print": uint64, the fingerprint of the values: equal for equal values.
    "first": int64, the place of the first function that is the same; by values, or by the level of `only`.
    "valid": whether values are finite and not all the same; see `valid`.
    "estimated_mean", "estimated_variance": float64 over the points, null where they are NaN; see `estimates`.
    "mean", "variance", "backward_gain": float64 by quadrature, some 0.2 milliseconds a function, null where they
        cannot be had; and "reason" says why, or is "". See `bulk_moments`.
    "values": a list of as many numbers as there are points, of the population's dtype.

    Points and dtype of the population are in the table's metadata, as JSON under "symkit". The file is whole or not
    there: it is written beside `path` and takes its place at the end, so an interrupted save leaves an older file as it
    was.

    Args:
        functions: a Population, or what one is made of, at its 1000 samples.
        path: ends in .npy or .parquet.
        only: which functions, all if None: a Unique or a level for one function of each group, the first, in rising
            order; or places; or a mask such as `valid` gives.
        columns: of a table; "place", "text", "print", "first" and "valid" if None.
        progress: called with (done, total) functions written.

    Returns:
        How many functions were written.

    Raises:
        DomainError: for another suffix, a path that cannot be written to, a disk with too little room for an array, and
            columns that there are not or that an array has not.
        Unsupported: for a table where pyarrow is not installed.
        OSError: for a disk that gets full, after which nothing is left of the new file.
        IndexError: for a place past the end.
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise DomainError(f"{target} ends in {target.suffix or 'nothing'}; populations are saved as .npy, .parquet")
    chosen = _checked(target, columns)
    check_place(target)
    if target.suffix == ".parquet":
        check_installed()
    population = as_population(functions)
    same = _groups(population, only)
    places = population.places(same.first if same is not None else _given(only))
    if target.suffix == ".npy":
        _check_room(target, population, places)
        write_whole(target, lambda draft: _write_array(draft, population, places, progress))
    else:
        write_whole(target, lambda draft: write_table(draft, Table(population, places, same), chosen, progress))
    return len(places)


def _checked(target: Path, columns: Sequence[Column] | None) -> Sequence[Column]:
    if columns is None:
        return DEFAULT
    if target.suffix == ".npy":
        raise DomainError(f"{target.name} is an array of values and has no columns; .parquet has")
    names = list(dict.fromkeys(columns))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not names:
        told = f"{unknown[0]!r} is no column" if unknown else "a table has at least one column"
        raise DomainError(f"{told}; there are {', '.join(COLUMNS)}")
    return names


def _groups(population: Population, only: object) -> Unique | None:
    if isinstance(only, str):
        if only not in LEVELS:
            raise DomainError(f"only={only!r} is not one of {', '.join(LEVELS)}; nor places, nor a mask")
        return population.unique(only)
    if isinstance(only, Unique) and only.total != len(population):
        raise DomainError(f"a Unique of {only.total} functions is not one of these {len(population)}")
    return only if isinstance(only, Unique) else None


def _given(only: object) -> ArrayLike | None:
    assert not isinstance(only, str | Unique)
    return only  # type: ignore[return-value]


def _check_room(target: Path, population: Population, places: Numbers) -> None:
    needed = len(places) * population.count * np.dtype(population.dtype).itemsize
    free = shutil.disk_usage(target.resolve().parent).free
    if free < needed:
        raise DomainError(
            f"{target} takes {needed / 1e9:.3f} GB and {free / 1e9:.3f} GB are free; save fewer functions with only=, "
            "or fewer points"
        )


def _write_array(draft: Path, population: Population, places: Numbers, progress: Progress | None) -> None:
    # Written and not mapped: a full disk is then an error, and not the end of the process.
    with draft.open("wb") as file:
        dtype = np.dtype(population.dtype)
        shape = (len(places), population.count)
        npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
        done = 0
        for block in population.blocks(places):
            file.write(np.ascontiguousarray(block).data)
            done += len(block)
            if progress is not None:
                progress(done, len(places))
