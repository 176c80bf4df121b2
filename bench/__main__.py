"""`python -m bench NAME`: runs one of the benchmarks."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "autoinit",
    "check",
    "kernels",
    "losses",
    "maths",
    "moments",
    "page",
    "population",
    "simplify",
    "fit_coefficients",
)


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python -m bench {'|'.join(NAMES)} [options]; --help after the name lists them")
    importlib.import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
