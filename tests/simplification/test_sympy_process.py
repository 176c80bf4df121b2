"""SymPy's process: from scripts, threads, forks and daemons; killed, cut off, and gone with its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from processes import run_python

from symkit import parse
from symkit.ir import digest
from symkit.ops import standard
from symkit.simplification import proposals
from symkit.simplification.bridge import Bridge
from symkit.zoo.entries import read_entries

TEXT = "y**3 + p**3 + p*y**2 + p**2*y"
FACTORED = "(p + y)*(square(p) + square(y))"


def forms(text: str, seconds: float = 60.0) -> list[str]:
    program = parse(text).program
    deadline = time.monotonic() + seconds
    from symkit.text import program_text

    return [program_text(form) for form in proposals.proposed(program, standard(), deadline)]


def test_it_proposes_factors() -> None:
    assert "(p + y)*(p**2 + y**2)" in forms(TEXT)


def test_one_process_serves_many_questions_and_threads() -> None:
    forms(TEXT)
    process = proposals._worker._process
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(forms(TEXT))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)
    assert proposals._worker._process is process


def test_a_killed_process_is_started_again() -> None:
    forms(TEXT)
    process = proposals._worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert forms(TEXT)
    assert proposals._worker._process is not process


def test_it_is_cut_off_in_time_and_killed() -> None:
    forms(TEXT)
    process = proposals._worker._process
    assert process is not None
    started = time.monotonic()
    hard = "*".join(f"(x**{n} + {n}*y + p*x)" for n in range(1, 16))
    with pytest.raises(proposals.Unfinished):
        forms(f"({hard})**9 + sin({hard})", seconds=0.5)
    assert time.monotonic() - started < 15
    assert process.poll() is not None
    assert forms(TEXT)


def test_too_large_a_form_is_not_sent() -> None:
    with pytest.raises(proposals.Unfinished):
        forms(" + ".join(f"sin({n}*x)" for n in range(300)))


SCRIPT = f"""
import symkit
print(symkit.simplify({TEXT!r}, timeout=60))
print(symkit.equal("(x + 1)**2", "x**2 + 2*x + 1", timeout=60).status)
"""


def test_from_a_script_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines() == [FACTORED, "proved"]


def test_from_standard_input_where_there_is_no_script() -> None:
    done = subprocess.run([sys.executable, "-"], input=SCRIPT, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines() == [FACTORED, "proved"]


def test_from_daemon_processes_and_after_a_fork() -> None:
    code = f"""
import multiprocessing, symkit
from symkit.simplification import proposals
def work(queue):
    queue.put(str(symkit.simplify({TEXT!r}, timeout=60, dtype="float64")))
symkit.simplify({TEXT!r}, timeout=60)
mine = proposals._worker._process
context = multiprocessing.get_context("fork")
queue = context.Queue()
for _ in range(2):
    process = context.Process(target=work, args=(queue,), daemon=True)
    process.start()
    print(queue.get(timeout=60))
    process.join()
assert mine.poll() is None
"""
    assert run_python(code).splitlines() == [FACTORED] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="processes have no parent to ask for there")
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = """
    import os, signal, symkit
    from symkit.simplification import proposals
    symkit.simplify("x**2 + 2*x*y + y**2", timeout=60)
    print(proposals._worker._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.1)
    raise AssertionError("it is still there")


@pytest.mark.parametrize("name", sorted(read_entries())[::7])
def test_there_and_back_is_the_same_function(name: str) -> None:
    """Nothing is lost on the way to SymPy and back; opaque operators come back whole."""
    from symkit.evaluation import evaluate_exact

    program = read_entries()[name].expression.program
    bridge = Bridge(standard(), hide_zero=True)
    back = bridge.from_sympy(bridge.to_sympy(program))
    assert digest(bridge.from_sympy(bridge.to_sympy(back))) == digest(back)
    names = (*program.inputs, *program.parameters, "eps", "C")
    for number in (0.37, -1.6, 2.4):
        values = {name: number + 0.01 * place for place, name in enumerate(names)}
        (before,), (after,) = evaluate_exact(program, values), evaluate_exact(back, values)
        assert before == after or abs(before - after) <= 1e-25 * abs(before) or (before != before and after != after)
