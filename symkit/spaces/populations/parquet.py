"""Tables of functions in Parquet, written a group of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from symkit.errors import Unsupported
from symkit.spaces.populations.columns import CELLS, Column, Piece, Table
from symkit.spaces.populations.numbering import Progress
from symkit.spaces.populations.population import Population

ROWS = 65_536
"""Rows of a group, or fewer:"""

BYTES = 32_000_000
"""what is written at once, before it is packed."""

TYPES = {
    "place": "int64",
    "text": "string",
    "print": "uint64",
    "first": "int64",
    "valid": "bool_",
    "estimated_mean": "float64",
    "estimated_variance": "float64",
    "mean": "float64",
    "variance": "float64",
    "backward_gain": "float64",
    "reason": "string",
}
"""What pyarrow calls the type of each column but "values"."""


def check_installed() -> None:
    """Raises Unsupported where pyarrow is not installed, with what installs it."""
    if find_spec("pyarrow") is None:
        raise Unsupported('Parquet needs pyarrow, which is not installed: pip install "symkit[parquet]"')


def write_table(draft: Path, table: Table, columns: Sequence[Column], progress: Progress | None) -> None:
    """Writes columns of a table to a file.

    Raises:
        OSError: where the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(table.population, columns)
    with pq.ParquetWriter(draft, schema, compression="zstd", use_dictionary=False) as writer:
        held: list[Any] = []
        for piece in table.pieces(columns):
            held.append(pa.record_batch([_cells(piece, name, schema.field(name).type) for name in columns], schema))
            done = piece.rows.stop
            if done == len(table.places) or _is_enough(held):
                writer.write_table(pa.Table.from_batches(held), row_group_size=ROWS)
                held = []
            if progress is not None:
                progress(done, len(table.places))


def _is_enough(batches: Sequence[Any]) -> bool:
    return bool(sum(b.num_rows for b in batches) >= ROWS or sum(b.nbytes for b in batches) >= BYTES)


def _schema(population: Population, columns: Sequence[Column]) -> Any:
    import pyarrow as pa

    values = pa.list_(pa.from_numpy_dtype(population.dtype), population.count)
    fields = [(name, getattr(pa, TYPES[name])() if name in TYPES else values) for name in columns]
    points = {name: given.tolist() for name, given in population.points.items()}
    told = json.dumps({"points": points, "dtype": population.dtype})
    return pa.schema(fields, metadata={"symkit": told})


def _cells(piece: Piece, name: Column, kind: Any) -> Any:
    """A column of a piece; NaN is null but among values."""
    import pyarrow as pa

    cells = CELLS[name](piece)
    if name == "values":
        return pa.FixedSizeListArray.from_arrays(np.ascontiguousarray(cells).reshape(-1), type=kind)
    return pa.array(cells, type=kind, from_pandas=True)
