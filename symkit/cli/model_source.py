"""Models and their inputs as a command line spells them: `net:make(depth=20)` and `8,3,32,32`."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symkit.errors import DomainError

if TYPE_CHECKING:
    from torch import Tensor, nn

FLOATS = ("float32", "float64", "float16", "bfloat16")
INPUT = re.compile(r"(?:(?P<kind>[a-z]+)(?P<number>\d*):)?(?P<shape>\d+(?:,\d+)*)", re.ASCII)


@dataclass(frozen=True)
class Source:
    """Where a model comes from: a name in a module, and what it is called with, if it is called."""

    text: str
    module: str
    name: str
    args: tuple[Any, ...] | None = None
    named: dict[str, Any] | None = None


def read_source(text: str) -> Source:
    """What `MODULE:NAME` or `MODULE:NAME(2, key=3)` says; the arguments are literals of Python.

    Raises:
        DomainError: for anything else.
    """
    module, colon, rest = text.strip().partition(":")
    if module.endswith(".py"):
        raise DomainError(f"{text!r} names a file; write its module, such as {_module_of(module)}:{rest or 'Net'}")
    try:
        tree = ast.parse(rest.strip(), mode="eval").body if colon else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    call = tree if isinstance(tree, ast.Call) else None
    target = call.func if call is not None else tree
    if target is None or not _is_name(target) or not all(part.isidentifier() for part in module.split(".")):
        raise DomainError(
            f"{text!r} is no model: write MODULE:NAME, such as net:Net for the class Net of net.py in this folder, or "
            'MODULE:NAME(...) with numbers and texts in brackets, such as "torch.nn:Linear(3, 4)"'
        )
    name = ast.unparse(target)
    if call is None:
        return Source(text, module, name)
    try:
        args = tuple(ast.literal_eval(value) for value in call.args)
        named = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords if word.arg is not None}
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        args, named = (), None
    if named is None or len(named) < len(call.keywords):
        raise DomainError(
            f"the brackets of {text!r} take numbers, texts, True, False, None, and lists of them; "
            "for anything else write a function of no arguments that makes the model"
        )
    return Source(text, module, name, args, named)


def _module_of(file: str) -> str:
    return os.path.normpath(file.removesuffix(".py")).replace(os.sep, ".").lstrip(".")


def _is_name(tree: ast.AST) -> bool:
    return isinstance(tree, ast.Name) or (isinstance(tree, ast.Attribute) and _is_name(tree.value))


@contextmanager
def foreign_code() -> Iterator[None]:
    """Around code of the user: modules of the current folder are found, and what is printed goes to standard error."""
    path = list(sys.path)
    sys.path.insert(0, os.getcwd())
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = path


def load_model(source: Source) -> nn.Module:
    """The model, inside `foreign_code`. A class or a function is called; a model is taken as it is.

    Raises:
        DomainError: where there is no such thing, or what makes it fails or makes something else.
    """
    from torch import nn

    found = _attribute(source, _module(source))
    if isinstance(found, nn.Module):
        if source.args is not None:
            raise DomainError(f"{source.name} of {source.module} is a model already: write it without brackets")
        return found
    if not callable(found):
        raise DomainError(
            f"{source.name} of {source.module} is a value of type {type(found).__name__}; name a torch model, or a "
            "class or function that makes one"
        )
    try:
        made = found(*(source.args or ()), **(source.named or {}))
    except (Exception, SystemExit) as error:
        advice = _advice(source, error)
        raise DomainError(f"{source.text} could not be made: {raised(error)}{advice}") from None
    if not isinstance(made, nn.Module):
        raise DomainError(f"{source.text} made a value of type {type(made).__name__}, not a torch model")
    return made


def _module(source: Source) -> Any:
    try:
        return importlib.import_module(source.module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{source.module}.".startswith(f"{error.name}."):
            raise DomainError(
                f"there is no module {error.name!r}, neither in this folder ({os.getcwd()}) nor installed"
            ) from None
        raise DomainError(f"module {source.module} could not be imported: {raised(error)}") from None


def _attribute(source: Source, module: Any) -> Any:
    found = module
    for part in source.name.split("."):
        if not hasattr(found, part):
            from difflib import get_close_matches

            near = get_close_matches(part, dir(found), 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise DomainError(f"module {source.module} has no {source.name!r}{meant}")
        found = getattr(found, part)
    return found


def _advice(source: Source, error: BaseException) -> str:
    """What to do where arguments are missing or wrong."""
    if not isinstance(error, TypeError) or "argument" not in str(error):
        return ""
    return f"; arguments go in brackets, such as \"{source.module}:{source.name}(10, key='value')\""


def raised(error: BaseException) -> str:
    """The type and the message of an error of the user's code, and the line that it came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    where = f" ({os.path.relpath(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    message = str(error).strip()
    return f"{type(error).__name__}{': ' if message else ''}{message}{where}"


def _is_library(file: str) -> bool:
    """Whether a line of this file would tell the user nothing."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return file.startswith((here, sys.prefix, sys.base_prefix, "<"))


def read_input(text: str, model: nn.Module, seed: int) -> Tensor:
    """The tensor that `8,3,32,32` or `int100:8,16` spells, on the device of the model's parameters.

    Floats are samples of N(0, 1), of the dtype of the model's parameters if none is given. `intN` are ids from 0 to
    N - 1, each as likely.

    Raises:
        DomainError: for anything else.
    """
    import torch

    match = INPUT.fullmatch(text.replace(" ", ""))
    kind = "" if match is None else f"{match['kind'] or ''}{match['number'] or ''}"
    if match is None or not (kind in ("", *FLOATS) or match["kind"] == "int"):
        raise DomainError(
            f"--input {text!r} is no shape: write numbers such as 8,3,32,32, after {', '.join(FLOATS)} and a colon for "
            "another type; int100:8,16 are ids below 100"
        )
    shape = [int(size) for size in match["shape"].split(",")]
    ids = int(match["number"] or 0) if match["kind"] == "int" else None
    if ids == 0:
        raise DomainError(
            f"--input {text!r} does not say how many ids there are: int100:{match['shape']} for those below 100"
        )
    near = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    generator = torch.Generator().manual_seed(seed)
    try:
        if ids is not None:
            return torch.randint(ids, shape, generator=generator).to(near.device)
        dtype = getattr(torch, kind) if kind else near.dtype
        return torch.randn(shape, generator=generator).to(near.device, dtype)
    except RuntimeError as error:
        raise DomainError(f"--input {text!r} cannot be made: {str(error).splitlines()[0]}") from None
