"""The process that SymPy runs in: it reads one question a line, and answers with any number of lines and a last one.

A question is `{"id": ..., "task": "propose" or "difference", "texts": [...], "operators": [[name, text], ...]}`, with
functions as text of the language. Its answers are `{"id": ..., "text": ...}` and finally `{"id": ..., "done": ...}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from symkit.errors import SymkitError
from symkit.ops import OperatorTable, standard
from symkit.simplification.bridge import Bridge
from symkit.text import define, parse, program_text

DEEPEST = 20_000
MEMORY = 4 * 2**30


def main() -> None:
    """Answers until standard input ends."""
    import sympy  # Ready before the first question.

    sys.setrecursionlimit(DEEPEST)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    _limit_memory()
    output, sys.stdout = sys.stdout, sys.stderr
    _send(output, {"ready": sympy.__version__})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            for answer in TASKS[question["task"]](question):
                _send(output, {"id": question["id"], **answer})
            _send(output, {"id": question["id"], "done": True})
        except Exception as error:  # Whatever SymPy raises, it has no answer, and the next question may do.
            _send(output, {"id": question["id"], "done": True, "error": f"{type(error).__name__}: {error}"})


def _end_with_parent(parent: int) -> None:
    """A question may take forever, and nobody is left to kill this process."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _send(output: Any, answer: dict[str, Any]) -> None:
    output.write(json.dumps(answer) + "\n")
    output.flush()


def _table(question: dict[str, Any]) -> OperatorTable:
    table = standard()
    for name, text in question["operators"]:
        table = define(name, text, table=table)
    return table


def _propose(question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Forms that may cost less, each once."""
    bridge = Bridge(_table(question), hide_zero=True)
    original = bridge.to_sympy(parse(question["texts"][0], table=_table(question)).program)
    seen = {original}
    yield from _answer(bridge, original)
    for way in _ways():
        try:
            form = way(original)
        except (ArithmeticError, AttributeError, NotImplementedError, RecursionError, TypeError, ValueError):
            # SymPy's own: what a way cannot do it does not propose.
            continue
        if form not in seen:
            seen.add(form)
            yield from _answer(bridge, form)


def _answer(bridge: Bridge, form: Any) -> Iterator[dict[str, Any]]:
    try:
        program = bridge.from_sympy(form)
        yield {"text": program_text(program, reserved=program.inputs)}
    except SymkitError:
        return


def _ways() -> list[Callable[[Any], Any]]:
    """From quick to slow."""
    import sympy as s

    return [
        s.factor_terms,
        s.factor,
        s.cancel,
        lambda form: s.factor(s.expand(form)),
        lambda form: s.powsimp(s.expand(form)),
        s.collect_const,
        s.horner,
        lambda form: s.factor(s.together(form)),
        s.trigsimp,
        s.simplify,
    ]


def _difference(question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whether the difference of two forms is 0; silence where SymPy cannot tell."""
    import sympy as s

    table = _table(question)
    bridge = Bridge(table)
    one, other = (bridge.to_sympy(parse(text, table=table).program) for text in question["texts"])
    ways: list[Callable[[Any], Any]] = [
        lambda d: d,
        s.expand,
        lambda d: s.expand(s.powsimp(s.expand(d), force=False)),
        lambda d: s.cancel(s.together(d.rewrite(s.exp))),
        s.simplify,
    ]
    for way in ways:
        if way(one - other) == 0:
            yield {"zero": True}
            return


TASKS: dict[str, Callable[[dict[str, Any]], Iterator[dict[str, Any]]]] = {
    "propose": _propose,
    "difference": _difference,
}

if __name__ == "__main__":
    main()
