"""Results on disk: a function is simplified once."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from symkit.disk_cache import SIMPLIFIED
from symkit.errors import SymkitError
from symkit.ir import fingerprint
from symkit.simplification.points import Box
from symkit.text import Expression, parse, program_text


def key(expression: Expression, box: Box, dtype: str) -> str:
    """Names a result by all that it follows from: the graph, its header, box and dtype, this room and SymPy."""
    parts = [
        _version(),
        fingerprint(expression.program),
        repr(expression.inputs),
        repr(sorted(expression.constants.items())),
        repr(sorted((name, low.hex(), high.hex()) for name, (low, high) in box.items())),
        dtype,
    ]
    return sha256("\0".join(parts).encode()).hexdigest()


def read(key: str, expression: Expression) -> Expression | None:
    """The simplified form of an expression that is kept; None if there is none."""
    content = SIMPLIFIED.read(key)
    if content is None:
        return None
    try:
        body = content.decode()
        inputs = ", ".join(expression.inputs)
        found = parse(f"f({inputs}) = {body}", table=expression.table)
        return expression if found.program == expression.program else expression.with_program(found.program)
    except (SymkitError, UnicodeDecodeError):
        return None


def write(key: str, simple: Expression) -> None:
    SIMPLIFIED.write(key, program_text(simple.program, reserved=simple.inputs).encode())


@cache
def _version() -> str:
    """Changes with whatever a result depends on."""
    import symkit.evaluation
    import symkit.ops
    import symkit.transform

    h = sha256()
    for package in (symkit.ops, symkit.evaluation, symkit.transform):
        h.update(_sources(Path(str(package.__file__)).parent))
    h.update(_sources(Path(__file__).parent))
    try:
        h.update(version("sympy").encode())
    except PackageNotFoundError:
        h.update(b"no sympy")
    return h.hexdigest()


def _sources(folder: Path) -> bytes:
    h = sha256()
    for file in sorted(folder.glob("*.py")):
        h.update(file.read_bytes())
    return h.digest()
