"""Parsing is quick, and may happen in several threads at once."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from symkit.errors import ParseError
from symkit.spaces import Recipe, generate
from symkit.text import Expression, define, parse

SHORT = (
    "max(relu(x),cosh(elu(x)))",
    "x*sigmoid(beta*x)",
    "alpha*x-beta*log_sigmoid(gamma*x)",
    "-y*log(p)",
    "sum_n(abs(x),swish(x))",
    "log(sigmoid(alpha*x)) * beta*arcsinh(x)",
    "f(x; beta = 2) = x*sigmoid(beta*x)",
    "max{Swish(x), α log(σ(ReLU(x)))}",
)


def test_2000_short_expressions_a_second() -> None:
    parse("x")
    rates = []
    for _ in range(7):
        # Seconds of this process: what else the machine does is not counted.
        start = time.process_time()
        for _ in range(25):
            for text in SHORT:
                parse(text)
        rates.append(25 * len(SHORT) / (time.process_time() - start))
    assert statistics.median(rates) > 2000


def test_threads_do_not_disturb_each_other() -> None:
    recipe = Recipe(max_size=30)
    expressions = [generate(seed, recipe) for seed in range(60)]
    tables = [define("gate", f"sigmoid({n}*x)") for n in range(4)]
    together = threading.Barrier(4)

    def read(number: int) -> list[tuple[Expression, Expression]]:
        together.wait()
        found = []
        for expression in expressions[number:] + expressions[:number]:
            with pytest.raises(ParseError, match="never closed"):
                parse(f"({expression}")
            found.append((expression, parse(str(expression))))
            found.append((parse("gate(x)", table=tables[number]), parse("gate(x)", table=tables[number])))
        return found

    with ThreadPoolExecutor(4) as pool:
        for pairs in pool.map(read, range(4)):
            assert all(left == right for left, right in pairs)
