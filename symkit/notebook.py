"""How notebooks show an Expression: its formula, and its picture below.

Importing symkit in a notebook does that; `%load_ext symkit.notebook` does it again.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from symkit.errors import SymkitError

if TYPE_CHECKING:
    from symkit.text import Expression


def register() -> None:
    """Tells the running IPython, if there is one."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        load_ipython_extension(shell)


def load_ipython_extension(ipython: Any) -> None:
    """Registers `html` for expressions; nothing else of symkit is loaded before one is shown."""
    ipython.display_formatter.formatters["text/html"].for_type_by_name("symkit.text.expression", "Expression", html)


def html(expression: Expression) -> str | None:
    """The formula and, where there is one, the picture; None where there is none, and LaTeX is shown."""
    from symkit.reporting.common_sections import formula
    from symkit.reporting.inline_svg import inline
    from symkit.reporting.plot import plot

    try:
        drawing = plot(expression)
    except SymkitError:
        return None
    picture = inline(drawing.svg(), f"symkit{expression.digest[:12]}", str(expression))
    return f'<div>{formula(expression)}</div><div style="max-width: 34rem">{picture}</div>'
