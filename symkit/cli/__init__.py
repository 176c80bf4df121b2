"""The command line. `symkit --help` lists its commands.

Every command loads what it needs when it runs: help, and all that needs no tensors, start without torch.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits: 0 done, 1 the answer is "no", 2 bad input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot write a sign gets its escape, not a crash.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        from symkit.cli.app import app

        app(prog_name="symkit")
    except KeyboardInterrupt:
        sys.exit(130)
