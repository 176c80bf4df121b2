"""`symkit space`: what is in a search space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symkit.cli.arguments import JsonOption
from symkit.cli.card import card, heading
from symkit.cli.console import emit, emit_json
from symkit.cli.progress import growing
from symkit.cli.space_cards import SHOWN, different_ones, listed, overview
from symkit.errors import DomainError

if TYPE_CHECKING:
    from symkit.spaces import Space

MOST_LISTED = 100_000
"""Functions that are printed at once; files hold more."""


@dataclass(frozen=True)
class _Published:
    """A space that has a name: how it is made, and the options that it takes."""

    make: Callable[..., Space]
    options: tuple[str, ...]


def _published() -> Mapping[str, _Published]:
    from symkit import spaces

    return {
        "cafe": _Published(spaces.cafe, ("depth",)),
        "pangaea": _Published(spaces.pangaea, ("max_nodes", "max_parameters")),
        "aquasurf": _Published(spaces.aquasurf, ("nodes", "division")),
        "evomal": _Published(spaces.evomal, ("max_depth",)),
        "glo": _Published(spaces.glo, ("max_depth",)),
    }


TAKES: Mapping[str, tuple[str, ...]] = {
    "--count": (),
    "--sample": ("how", "seed"),
    "--list": (),
    "--rank": (),
    "--contains": (),
    "--mutate": ("seed",),
    "--crossover": ("seed",),
    "--path": ("seed",),
    "--unique": ("level", "points", "digits", "dtype", "groups", "seed"),
    "--save": ("points", "dtype", "seed"),
    "--unique --save": ("level", "points", "digits", "dtype", "seed"),
    "": ("seed",),
}
"""What is asked for, and the options that say how; if nothing is, examples are shown."""


def space(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SPACE",
            help='cafe, pangaea, aquasurf, evomal, glo, or a schema such as "binary(unary(x), unary(x))".',
        ),
    ],
    depth: Annotated[
        int | None, typer.Option(metavar="N", help="Of cafe's core units, of evomal's and glo's trees.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(metavar="N", help="Operators: of pangaea at most, of aquasurf 3 or 4.")
    ] = None,
    parameters: Annotated[
        int | None, typer.Option(metavar="N", help="Parameters of pangaea's functions at most.")
    ] = None,
    division: Annotated[str | None, typer.Option(metavar="RULE", help="Of aquasurf: ieee or no_nan.")] = None,
    operators: Annotated[
        str | None,
        typer.Option(metavar="SET", help="Of a schema: whose operators it chooses from; aquasurf if not given."),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Say how many functions there are.")] = False,
    sample: Annotated[int | None, typer.Option(metavar="N", help="Draw functions.")] = None,
    how: Annotated[
        str, typer.Option(metavar="HOW", help="Draw them uniform, or initial: as the search begins.")
    ] = "uniform",
    rows: Annotated[str | None, typer.Option("--list", metavar="A:B", help="List functions number A to B - 1.")] = None,
    rank: Annotated[str | None, typer.Option(metavar="EXPR", help="Say which number a function has.")] = None,
    contains: Annotated[str | None, typer.Option(metavar="EXPR", help="Say whether a function is a member.")] = None,
    mutate: Annotated[str | None, typer.Option(metavar="EXPR", help="Change a member as the search does.")] = None,
    crossover: Annotated[
        tuple[str, str] | None, typer.Option(metavar="EXPR EXPR", help="Combine two members as the search does.")
    ] = None,
    path: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="EXPR EXPR", help="A member on a shortest path of edits between two."),
    ] = None,
    unique: Annotated[bool, typer.Option("--unique", help="Say how many functions are really different.")] = False,
    level: Annotated[
        str, typer.Option(metavar="LEVEL", help="What makes two the same: program, values or function.")
    ] = "values",
    points: Annotated[int, typer.Option(metavar="N", help="Points at which values are compared.")] = 1000,
    digits: Annotated[
        int | None, typer.Option(metavar="N", help="Significant digits that are; all if not given.")
    ] = None,
    dtype: Annotated[str, typer.Option(metavar="DTYPE", help="float32 or float64.")] = "float32",
    groups: Annotated[int, typer.Option(metavar="N", min=0, help="Largest groups of equal functions to show.")] = SHOWN,
    file: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="FILE", help="Write all functions, or with --unique one of each, .parquet or .npy."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all chance.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Count, draw, vary and compare functions of a search space.

    With --unique it says how many are really different. With --contains the exit status is 1 if the function is no
    member.

    \b
    Examples:
      symkit space pangaea --count
      symkit space cafe --depth 2 --sample 5 --seed 1
      symkit space aquasurf --nodes 4 --unique
      symkit space aquasurf --unique --level function --groups 3
      symkit space aquasurf --unique --save different.parquet
      symkit space aquasurf --rank "tanh(x)*erf(x)"
      symkit space cafe --depth 1 --path "tanh(x) + erf(x)" "sin(x)*erf(x)"
      symkit space "binary(unary(x), x)" --operators cafe --list 0:10
    """
    asked = {
        "--count": count,
        "--sample": sample is not None,
        "--list": rows is not None,
        "--rank": rank is not None,
        "--contains": contains is not None,
        "--mutate": mutate is not None,
        "--crossover": crossover is not None,
        "--path": path is not None,
        "--unique": unique and file is None,
        "--save": file is not None and not unique,
        "--unique --save": unique and file is not None,
    }
    actions = [action for action, is_asked in asked.items() if is_asked]
    if len(actions) > 1:
        raise DomainError(f"{' and '.join(actions)} do not go together")
    _check_options(context, actions[0] if actions else "")
    given = {"depth": depth, "nodes": nodes, "parameters": parameters, "division": division, "operators": operators}
    found = _space(name, {option: value for option, value in given.items() if value is not None})
    if sample is not None:
        listed(found, [str(e) for e in found.sample(seed, _checked(sample), how=how)], as_json)  # type: ignore[arg-type]
    elif rows is not None:
        start, stop = _range(rows, found.count())
        listed(found, [str(e) for e in found.enumerate(start, stop)], as_json, start)
    elif rank is not None:
        number = found.rank(rank.strip())
        if as_json:
            emit_json({"space": found.name, "rank": number, "text": str(found[number])})
        else:
            emit(heading(f"{number:,} of {found.count():,}"), card([("function", str(found[number]))]))
    elif contains is not None:
        _told(found, contains.strip(), as_json)
    elif mutate is not None:
        listed(found, [str(found.mutate(mutate.strip(), seed))], as_json)
    elif crossover is not None:
        listed(found, [str(found.crossover(crossover[0].strip(), crossover[1].strip(), seed))], as_json)
    elif path is not None:
        listed(found, [str(found.between(path[0].strip(), path[1].strip(), seed))], as_json)
    elif file is not None:
        from symkit.spaces import Population, save

        population = Population(found, points=points, seed=seed, dtype=dtype)  # type: ignore[arg-type]
        with growing("functions written") as done:
            same = level if digits is None else population.unique(level, digits)  # type: ignore[arg-type]
            written = save(population, file, only=same if unique else None, progress=done)
        if as_json:
            emit_json({"space": found.name, "file": str(file), "functions": written})
        else:
            emit(f"{written:,} functions are in {file}.")
    elif unique:
        with growing("functions compared") as done:
            different = found.unique(
                level,  # type: ignore[arg-type]
                points=points,
                digits=digits,
                seed=seed,
                dtype=dtype,
                progress=done,
            )
        different_ones(found, different, groups, as_json)
    else:
        overview(found, as_json, () if count else [str(e) for e in found.sample(seed, SHOWN)])


def _check_options(context: typer.Context, action: str) -> None:
    """Raises DomainError for an option that says nothing about what is asked for."""
    asked_alone = [name for name in TAKES if name.count("--") == 1]
    for option in {option: None for options in TAKES.values() for option in options}:
        source = context.get_parameter_source(option)
        if option not in TAKES[action] and source is not None and source.name == "COMMANDLINE":
            others = [other for other in asked_alone if option in TAKES[other]]
            alone = f", not with {action}" if action else ""
            raise DomainError(f"--{option} goes with {' or '.join(others)}{alone}")


def _told(found: Space, text: str, as_json: bool) -> None:
    inside = text in found
    if as_json:
        emit_json({"space": found.name, "contains": inside, "text": text})
    else:
        emit(f"{text} is {'a' if inside else 'no'} member of {found.name}.")
    if not inside:
        raise typer.Exit(1)


OPTIONS = {
    "max_depth": "depth",
    "max_nodes": "nodes",
    "max_parameters": "parameters",
}
"""Arguments that the command line calls otherwise."""


def _space(name: str, given: Mapping[str, Any]) -> Space:
    from symkit import spaces

    published = _published().get(name.strip().lower())
    known = ("operators",) if published is None else tuple(OPTIONS.get(o, o) for o in published.options)
    for option in given:
        if option not in known:
            takes = ", ".join(f"--{o}" for o in known)
            raise DomainError(f"--{option} says nothing about {name!r}, which takes {takes}")
    if published is not None:
        arguments = {o: given[OPTIONS.get(o, o)] for o in published.options if OPTIONS.get(o, o) in given}
        return published.make(**arguments)
    if "(" not in name:
        raise DomainError(f"there is no space {name!r}; there are {', '.join(_published())}, or write a schema")
    return spaces.schema(name, given.get("operators", "aquasurf"))


def _checked(n: int) -> int:
    if not 1 <= n <= MOST_LISTED:
        raise DomainError(f"1 to {MOST_LISTED:,} functions can be printed, not {n:,}")
    return n


def _range(text: str, count: int) -> tuple[int, int]:
    first, colon, last = text.partition(":")
    try:
        start, stop = int(first or 0), int(last or count) if colon else int(first) + 1
    except ValueError:
        raise DomainError(f"--list takes a range of numbers such as 0:10, not {text!r}") from None
    if not 0 <= start < stop <= count:
        raise DomainError(f"--list {text}: numbers go from 0 to {count:,}, the first below the last")
    _checked(stop - start)
    return start, stop
