"""Writes rules.md, the list of rewrite rules, from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from symkit.transform import RULES as STABILISING
from symkit.transform import Rule
from symkit.transform.algebra import RULES as SHARING

PAGE = Path(__file__).resolve().parent / "rules.md"

INTRODUCTION = """\
# Rules

<!-- Written by docs/generate_rules.py from symkit/transform. Change the rules, then run `make docs`. -->

What `functional`, `compile` and the layers replace before they take derivatives; `stabilise=False` keeps the text. `a`
and `b` stand for any subterm, and operands of a commutative operator match in either order. Both sides are the same
real function.
"""

FOR_ACCURACY = """
## Stabilising

Only what a dtype makes of the two sides differs; see [numerics](numerics.md#stabilising).
"""

FOR_SPEED = """
## Sharing

With these a function and its derivative stand on fewer exponentials.
"""


def page() -> str:
    """The text of rules.md."""
    accuracy = table("What goes wrong as written", STABILISING)
    return INTRODUCTION + FOR_ACCURACY + accuracy + FOR_SPEED + table("What is gained", SHARING)


def table(why: str, rules: Iterable[Rule]) -> str:
    rows = (f"| {rule.name} | `{rule.pattern}` | `{rule.replacement}` | {rule.why} |\n" for rule in rules)
    return f"\n| Rule | Written | Becomes | {why} |\n|---|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
