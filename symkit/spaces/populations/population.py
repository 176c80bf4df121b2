"""Many functions at once: all of a space, or a list of expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symkit.errors import DomainError, LimitError
from symkit.spaces.populations.listing import numbered
from symkit.spaces.populations.numbering import Evaluator, Numbering, Numbers, Progress, check_count
from symkit.spaces.populations.programs import Programs
from symkit.spaces.populations.unique import LEVELS, Level, Unique
from symkit.spaces.space import Space
from symkit.text import Expression, parse

if TYPE_CHECKING:
    from symkit.spaces.populations.values import Values

Functions = Space | Iterable[Expression | str]
Rows = NDArray[Any]
Dtype = Literal["float32", "float64"]

CLIP = 5.0
"""Samples of N(0, 1) are cut off at 5 deviations (B appendix A.4.1)."""

CHUNK = 2048
"""Expressions of a list that are evaluated together: what they have in common is in memory at once."""

BLOCK = 1024
"""Functions whose values are handed out together: larger blocks leave the processor's caches."""

DOUBLE_DIGITS = 16
"""Digits up to which float64 can be rounded."""

MOST_POINTS = 10_000_000

HASH = np.uint64(0x9E3779B97F4A7C15)


class Population:
    """Functions evaluated at the same points, with all that they have in common computed once.

    Args:
        functions: a Space without parameters, or expressions or texts that have the same inputs.
        points: how many samples of N(0, 1), cut off at 5 deviations, for activations, and uniform in (0, 1) for each
            input of losses; or the points themselves, (k,), for several inputs by name.
        seed: of the samples.
        dtype: of the computation, "float32" or "float64".
        progress: called with (done, total) applications while a space is evaluated, or functions of a list.

    Parameters are at their initial values. Results do not depend on the number of threads. A power such as x**2 is
    rounded as in layers where it is an operator of a space, and in lists as x**y is with a y that varies.

    Raises:
        DomainError: for what is no expression, expressions with different inputs, none at all, points that are no
            numbers, a negative seed, and another dtype.
        LimitError: for a space of more than 50 million functions, and more than 10 million points.
    """

    def __init__(
        self,
        functions: Functions,
        *,
        points: int | ArrayLike | Mapping[str, ArrayLike] = 1000,
        seed: int = 0,
        dtype: Dtype = "float32",
        progress: Progress | None = None,
    ) -> None:
        if isinstance(functions, Space):
            check_count(functions.members)
        self.functions = functions if isinstance(functions, Space) else _parsed(functions)
        self.inputs = self.functions.inputs if isinstance(self.functions, Space) else self.functions[0].inputs
        self.dtype: Dtype = dtype
        self.points = sampled(self.inputs, points, seed, dtype)
        """The points by input, (k,) each."""
        self._progress = progress
        self._evaluator: Values | None = None

    def __len__(self) -> int:
        return self.functions.count() if isinstance(self.functions, Space) else len(self.functions)

    def __getitem__(self, place: int) -> Expression:
        return self.functions[place]

    def __repr__(self) -> str:
        return f"<Population of {len(self)} functions at {self.count} points, {self.dtype}>"

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(next(iter(self.points.values())))

    @cached_property
    def prints(self) -> NDArray[np.uint64]:
        """(functions,) fingerprints: equal for equal values, where -0 is 0 and NaN is NaN."""
        if isinstance(self.functions, Space):
            return self._whole[0].prints(self._whole[1])
        parts: list[NDArray[np.uint64]] = []
        for start, chunk in self._chunks(range(len(self))):
            values, numbers = self._evaluated(chunk)
            parts.append(values.prints(numbers))
            if self._progress is not None:
                self._progress(start + len(chunk), len(self))
        return np.concatenate(parts)

    @cached_property
    def _whole(self) -> tuple[Values, Numbers]:
        """A space's evaluator and the number of each function."""
        assert isinstance(self.functions, Space)
        values = self._values()
        return values, Numbering(values, self._progress).of(self.functions.members)

    def _values(self) -> Values:
        from symkit.spaces.populations.values import Values

        return Values(self.points, self.dtype)

    def _evaluated(self, chunk: Sequence[Expression]) -> tuple[Values, Numbers]:
        values = self._values()
        return values, numbered(chunk, values)

    def _chunks(self, places: Sequence[int]) -> Iterator[tuple[int, list[Expression]]]:
        for start in range(0, len(places), CHUNK):
            yield start, [self.functions[place] for place in places[start : start + CHUNK]]

    def blocks(self, places: ArrayLike | None = None, size: int = BLOCK) -> Iterator[Rows]:
        """Values of functions, (up to `size`, points) at a time, in order; of all, or of those at some `places`.

        Raises:
            IndexError: as `places` does.
            DomainError: for blocks of no functions.
        """
        if size < 1:
            raise DomainError(f"a block has at least one function, not {size}")
        wanted = self.places(places)
        if isinstance(self.functions, Space):
            values, numbers = self._whole
            yield from values.values(numbers[wanted], size)
            return
        for _, chunk in self._chunks(wanted.tolist()):
            values, numbers = self._evaluated(chunk)
            yield from values.values(numbers, size)

    def values(self, places: ArrayLike | None = None) -> Rows:
        """(functions, points) values of all functions, or of those at some places; see `blocks` for many."""
        wanted = self.places(places)
        found = np.empty((len(wanted), self.count), self.dtype)
        start = 0
        for block in self.blocks(wanted):
            found[start : start + len(block)] = block
            start += len(block)
        return found

    def places(self, places: ArrayLike | None = None) -> Numbers:
        """Places from 0: all; or those given, where negative ones count from the end; or where a mask is true.

        Raises:
            IndexError: for a place past the end, what is no whole number, and a mask of another length.
        """
        if places is None:
            return np.arange(len(self))
        given = np.asarray(places)
        if given.dtype == np.bool_:
            if given.shape != (len(self),):
                raise IndexError(f"a mask of {len(self)} functions has the shape {(len(self),)}, not {given.shape}")
            return np.flatnonzero(given)
        if given.size and given.dtype.kind not in "iu":
            raise IndexError(f"places are whole numbers, or a mask; got {given.dtype}")
        wanted = given.astype(np.int64).reshape(-1)
        if len(wanted) and not (-len(self) <= int(wanted.min()) and int(wanted.max()) < len(self)):
            raise IndexError(f"places are below {len(self)}; got {int(wanted.min())} to {int(wanted.max())}")
        return wanted % max(len(self), 1)

    def unique(self, level: Level = "values", digits: int | None = None) -> Unique:
        """The different functions.

        Args:
            level: "program": the same digest, so the order of commutative operands and names of parameters do not
                matter. "values": the same values at the points, parameters at their initial values. "function": the
                same function, decided by exact values to 60 digits; see `symkit.spaces.exact.functions`.
            digits: for "values", how many significant digits are compared; all if None.

        Raises:
            DomainError: for another level, and digits that are no positive number or stand with another level.
        """
        if level not in LEVELS:
            raise DomainError(f"level {level!r} is not one of {', '.join(LEVELS)}")
        if digits is not None and (level != "values" or digits < 1):
            raise DomainError(f"digits={digits} is for the level values, and at least 1")
        if level == "values":
            numbers = self.prints if digits is None else self._rounded(digits)
            return Unique(level, numbers.view(np.int64), self.functions, self.count, digits)
        return Unique(level, self._told_apart(level), self.functions)

    def _told_apart(self, level: Level) -> Numbers:
        if level == "program" and not isinstance(self.functions, Space):
            digests: dict[str, int] = {}
            return np.array([digests.setdefault(e.digest, len(digests)) for e in self.functions], np.int64)
        evaluator: Evaluator
        if level == "program":
            evaluator = Programs()
        else:
            from symkit.spaces.exact.functions import Functions

            evaluator = Functions()
        if isinstance(self.functions, Space):
            return Numbering(evaluator, self._progress).of(self.functions.members)
        return numbered(self.functions, evaluator, families=True)

    def _rounded(self, digits: int) -> NDArray[np.uint64]:
        """Fingerprints of values at so many significant digits; each different function is rounded once."""
        first, inverse = np.unique(self.prints, return_index=True, return_inverse=True)[1:]
        keys = np.random.default_rng(0).integers(0, 2**63, self.count, np.uint64) | np.uint64(1)
        parts = []
        for block in self.blocks(first):
            parts.append(_hashed(rounded(block, digits), keys))
            if self._progress is not None:
                self._progress(sum(map(len, parts)), len(first))
        return np.concatenate(parts)[inverse]


def rounded(values: Rows, digits: int) -> NDArray[np.float64]:
    """Values at so many significant digits, -0 as 0 and every NaN the same; as they are for more than 16 digits."""
    with np.errstate(all="ignore"):
        found = values.astype(np.float64) + 0.0
        if digits <= DOUBLE_DIGITS:
            plain = np.isfinite(found) & (found != 0)
            # Units must not be subnormal.
            scale = np.where(np.abs(found) < 3e-280, 1e60, 1.0)
            exponent = np.floor(np.log10(np.abs(found * scale))) - (digits - 1)
            whole = np.round(found * scale / 10.0**exponent)
            # 9.99 and 10.01 must come out as the same 10.
            carried = np.abs(whole) >= 10.0**digits
            whole, exponent = np.where(carried, whole / 10, whole), exponent + carried
            found = np.where(plain, whole * 10.0**exponent / scale, found)
    found[np.isnan(found)] = np.nan
    return found


def _hashed(values: NDArray[np.float64], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A fingerprint of each row."""
    bits = values.view(np.uint64)
    bits = (bits ^ (bits >> np.uint64(29))) * HASH
    bits = (bits ^ (bits >> np.uint64(32))) * keys
    found: NDArray[np.uint64] = bits.sum(axis=1, dtype=np.uint64)
    return found


def sampled(
    inputs: Sequence[str], points: int | ArrayLike | Mapping[str, ArrayLike], seed: int, dtype: Dtype
) -> dict[str, Rows]:
    """Points for each input: samples if `points` is a number, or what is given."""
    if dtype not in get_args(Dtype):
        raise DomainError(f"dtype {dtype!r} is not float32 or float64")
    if isinstance(points, int | np.integer):
        check_points(int(points))
        if seed < 0:
            raise DomainError(f"a seed is 0 or more, not {seed}")
        rng = np.random.default_rng(seed)
        if len(inputs) == 1:
            return {inputs[0]: rng.standard_normal(int(points)).clip(-CLIP, CLIP).astype(dtype)}
        return {name: rng.uniform(size=int(points)).astype(dtype) for name in inputs}
    given = points if isinstance(points, Mapping) else {inputs[0]: points}
    if set(given) != set(inputs):
        raise DomainError(f"points are needed for {', '.join(inputs)}, and given for {', '.join(given)}")
    try:
        found = {name: np.asarray(given[name], dtype=dtype) for name in inputs}
    except (TypeError, ValueError) as error:
        raise DomainError(f"points must be real numbers: {error}") from None
    shapes = {values.shape for values in found.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1 or not next(iter(shapes))[0]:
        raise DomainError(f"points must be one list of numbers for each input, all as long, not {sorted(shapes)}")
    return found


def check_points(points: int) -> None:
    """Raises DomainError for no points, and LimitError for more than 10 million."""
    if points < 1:
        raise DomainError(f"there must be at least one point, not {points}")
    if points > MOST_POINTS:
        raise LimitError(f"{points:,} points are too many; the limit is {MOST_POINTS:,}")


def _parsed(functions: Iterable[Expression | str]) -> list[Expression]:
    if isinstance(functions, str):
        raise DomainError("pass a list of expressions, or a Space, not one text")
    given = list(functions)
    found = [parse(f) if isinstance(f, str) else f for f in given]
    for e in found:
        if not isinstance(e, Expression):
            raise DomainError(f"functions are expressions or texts, not {type(e).__name__}")
    if not found:
        raise DomainError("there must be at least one function")
    # The text of a constant, such as 0, is a function of what the others are functions of.
    kind = next((e.kind for e in found if e.inputs), None)
    found = [
        parse(f, kind=kind) if isinstance(f, str) and not e.inputs else e for f, e in zip(given, found, strict=True)
    ]
    for e in found:
        if not e.inputs:
            raise DomainError(f"{e} has no inputs; to have one, write it as f(x) = {e}")
        if e.inputs != found[0].inputs:
            raise DomainError(f"{e} has the inputs {', '.join(e.inputs)}, {found[0]} has {', '.join(found[0].inputs)}")
    return found


def unique(
    functions: Functions,
    level: Level = "values",
    *,
    points: int | ArrayLike | Mapping[str, ArrayLike] = 1000,
    digits: int | None = None,
    seed: int = 0,
    dtype: Dtype = "float32",
    progress: Progress | None = None,
) -> Unique:
    """The different functions of a space or a list; see `Population` and `Population.unique`.

    Returns:
        `total`, `distinct`, one function of each group by iteration, and the groups on demand.
    """
    population = Population(functions, points=points, seed=seed, dtype=dtype, progress=progress)
    return population.unique(level, digits)
