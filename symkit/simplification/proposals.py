"""SymPy at arm's length: in a process of its own, which is killed when it takes too long and started again when needed.

The process is started as `python -c`, so it neither forks this one nor imports the user's script again: that works from
scripts without a main guard, from notebooks, from daemon processes and in threads.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from typing import Any

from symkit.errors import SymkitError
from symkit.ir import Program
from symkit.ops import OperatorTable, standard
from symkit.text import parse, program_text

STARTING = 30.0
"""Seconds that the process may take to start, which is not counted as time for an expression."""

CODE = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from symkit.simplification.worker import main; main()"

WORTHWHILE = 2
"""Operators that a form must have for SymPy to be asked."""

MOST_OPERATORS = 400
"""A form with more is not given to SymPy."""


Answers = Generator[dict[str, Any], None, None]


class Unfinished(Exception):
    """SymPy was cut off, or could not be run: there may be more to find."""


def proposed(program: Program, table: OperatorTable, deadline: float) -> Generator[Program, None, None]:
    """Forms of a Program that SymPy proposes, until it has no more.

    Raises Unfinished past the deadline, a moment of `time.monotonic()`.
    """
    if program.size < WORTHWHILE:
        return
    if program.size > MOST_OPERATORS:
        raise Unfinished
    with contextlib.closing(ask("propose", [program], table, deadline)) as answers:
        for answer in answers:
            with contextlib.suppress(SymkitError):
                yield _read(answer["text"], program, table)


def ask(task: str, programs: list[Program], table: OperatorTable, deadline: float) -> Answers:
    """The answers to one question. Raises Unfinished past the deadline."""
    header = _header(programs)
    texts = [f"{header} = {program_text(program, reserved=program.inputs)}" for program in programs]
    operators = [[op.name, op.definition] for op in table.user_defined] if table != standard() else []
    return _worker.ask({"task": task, "texts": texts, "operators": operators}, deadline)


def _header(programs: list[Program]) -> str:
    names = dict.fromkeys(name for program in programs for name in program.inputs)
    return f"f({', '.join(names)})"


def _read(text: str, original: Program, table: OperatorTable) -> Program:
    return parse(f"{_header([original])} = {text}", table=table).program


class _Worker:
    """The process, one for all threads; a process that was forked from this one gets its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._asked = 0

    def ask(self, question: dict[str, Any], deadline: float) -> Answers:
        started = time.monotonic()
        with self._lock:
            process = self._running()
            # What starting took is not held against the question.
            deadline += max(0.0, time.monotonic() - started)
            self._asked += 1
            answered = False
            try:
                self._write(process, {"id": self._asked, **question})
                while not answered:
                    answer = self._next(deadline)
                    if answer.get("id") == self._asked:
                        answered = bool(answer.get("done"))
                        if not answered:
                            yield answer
            finally:
                if not answered:
                    self.stop()

    def _write(self, process: subprocess.Popen[str], question: dict[str, Any]) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
        except OSError:
            raise Unfinished from None

    def _next(self, deadline: float) -> dict[str, Any]:
        """The next line. Raises Unfinished if none comes in time, or the process has died."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Unfinished from None
        if not line:
            raise Unfinished
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.stop()
        if not sys.executable:
            raise Unfinished
        self._lines = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, json.dumps([os.path.abspath(path) for path in sys.path])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONHASHSEED": "0"},
            )
        except OSError:
            raise Unfinished from None
        self._reader = threading.Thread(target=_forward, args=(self._process, self._lines), daemon=True)
        self._reader.start()
        try:
            self._next(time.monotonic() + STARTING)
        except Unfinished:
            self.stop()
            raise
        return self._process

    def stop(self) -> None:
        """Kills the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _forward(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    """Puts every line in the queue, and an empty one at the end."""
    assert process.stdout is not None
    with contextlib.suppress(ValueError, OSError):
        for line in process.stdout:
            lines.put(line)
    lines.put("")


_worker = _Worker()


def _forget() -> None:
    """In a forked child: the process belongs to the parent."""
    global _worker
    _worker = _Worker()


def stop() -> None:
    """Ends the process; it is started again when it is needed."""
    _worker.stop()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
