"""Writes rules.md, the list of stabilising rules, from the rules themselves."""

from __future__ import annotations

from pathlib import Path

from symkit.transform import RULES

PAGE = Path(__file__).resolve().parent / "rules.md"

INTRODUCTION = """\
# Stabilising rules

<!-- Written by docs/generate_rules.py from symkit/transform/stabilise.py. Change the rules, then run `make docs`. -->

What [stabilising](numerics.md#stabilising) replaces. `a` and `b` stand for any subterm, and operands of a commutative
operator match in either order. Both sides are the same real function; only what a dtype makes of them differs.

| Rule | Written | Becomes | What goes wrong as written |
|---|---|---|---|
"""


def page() -> str:
    """The text of rules.md."""
    return INTRODUCTION + "".join(
        f"| {rule.name} | `{rule.pattern}` | `{rule.replacement}` | {rule.why} |\n" for rule in RULES
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
