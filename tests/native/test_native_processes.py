"""Forks, data loaders, threads, copies: kernels work wherever a user of torch takes them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import torch
from kernels import gradients, kernel, same
from processes import run_python

from symkit import functional
from symkit.nn import Activation

FORK = """
import os, signal, threading
import torch
from symkit import functional

X, UP = torch.linspace(-3, 3, 100_001, requires_grad=True), torch.ones(100_001)

def some(formula, elements):
    # Values and gradients, no sums: the threads of torch itself do not survive a fork either.
    x, up = X[:elements], UP[:elements]
    y = functional(formula, backend="cpu")(x)
    (gradient,) = torch.autograd.grad(y, x, up)
    return [*y[::97].tolist(), *gradient[::97].tolist()]

def in_child(work):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os.write(writer, repr(work()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"
    return said

torch.set_num_threads(2)
formula = "x*tanh(x) + 0.125"
mine = some(formula, 100_001)
assert in_child(lambda: some(formula, 100_001)) == repr(mine)
# A kernel that the parent has never met, and one on threads again afterwards.
theirs = in_child(lambda: some("sin(x)*x + 0.125", 100_001))
assert theirs == repr(some("sin(x)*x + 0.125", 100_001))
assert some(formula, 100_001) == mine

# Forks while another thread compiles: the child may compile too.
done = threading.Event()
def compile_on():
    number = 0
    while not done.is_set():
        number += 1
        functional(f"x*{number}.0625", backend="cpu")(torch.zeros(3))
compiling = threading.Thread(target=compile_on)
compiling.start()
for number in range(5):
    in_child(lambda: some(f"cos(x)*{number}.5", 1000))
done.set()
compiling.join()
print("fine")
"""

LOADERS = """
import sys
import torch
from torch.utils.data import DataLoader, Dataset
import symkit

class Items(Dataset):
    def __init__(self):
        self.f = symkit.nn.Activation("x*sigmoid(beta*x)", backend="cpu")
    def __len__(self):
        return 8
    def __getitem__(self, index):
        with torch.no_grad():
            return self.f(torch.linspace(-3, 3, 20_001) + index)

if __name__ == "__main__":
    items = Items()
    here = torch.stack([items[index] for index in range(8)])
    for method in ("fork", "spawn"):
        loader = DataLoader(items, batch_size=4, num_workers=1, multiprocessing_context=method)
        assert torch.equal(torch.cat(list(loader)), here), method
    print("fine")
"""

ENGINES = """
import torch
from symkit import functional

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

x = torch.linspace(-3, 3, 50)
kept = [functional("x*0.5", backend="cpu")]
kept[0](x)
before = resident()
for number in range(1, 301):
    kept.append(functional(f"x*{number}.5", backend="cpu"))
    assert kept[-1](x).equal(x * (number + 0.5))
compiled = resident()
assert all(f(x).equal(x * (number + 0.5)) for number, f in enumerate(kept))
print((compiled - before) / 300)
"""


def test_forked_children() -> None:
    assert run_python(FORK) == "fine\n"


def test_data_loaders(tmp_path: Path) -> None:
    script = tmp_path / "loaders.py"
    script.write_text(LOADERS)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_three_hundred_kernels_in_one_process() -> None:
    bytes_each = float(run_python(ENGINES))
    # 0.15 MB today, most of it LLVM's own.
    assert bytes_each < 0.5e6


def test_threads_that_compile_and_run_at_once(fresh_cache: Path) -> None:
    """Eight threads, each with formulas of its own and some that all have, forward and backward."""
    formulas = [f"log(sigmoid({number % 10}.5*x))*arcsinh(x)" for number in range(8)]
    x, up = torch.linspace(-3, 3, 20_001), torch.randn(20_001)
    shared = kernel("x*sigmoid(beta*x)")
    beta = torch.tensor(1.25)
    barrier = Barrier(8)

    def work(number: int) -> list[torch.Tensor]:
        barrier.wait()
        results = []
        for formula in (formulas[number], formulas[(number + 1) % 8]):
            results += kernel(formula)((x,))
            results += gradients(formula)((up, x))
        for count in (20_001, 100, number + 1):
            results += shared((x[:count], beta))
        return results

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, range(8)))
    barrier = Barrier(1)
    for number, results in enumerate(together):
        assert all(same(a, b) for a, b in zip(results, work(number), strict=True))


def test_threads_of_a_user_while_torch_uses_its_own() -> None:
    f = functional("x*tanh(x)", backend="cpu")
    x = torch.linspace(-3, 3, 200_001)
    torch.set_num_threads(2)
    alone = f(x)
    with ThreadPoolExecutor(4) as pool:
        assert all(same(result, alone) for result in pool.map(lambda _: f(x), range(40)))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_layer_is_copied_after_it_has_run(copied: Callable[[Activation], Activation]) -> None:
    layer = Activation("x*sigmoid(beta*x)", granularity="channel", num_channels=3, backend="cpu")
    x = torch.randn(5, 3, 7, requires_grad=True)
    layer(x).sum().backward()
    again = copied(layer)
    other = x.detach().requires_grad_()
    again(other).sum().backward()
    assert same(again(x).detach(), layer(x).detach())
    assert same(other.grad, x.grad)


def test_a_pickled_layer_holds_no_code() -> None:
    layer = Activation("x*sigmoid(beta*x)", backend="cpu")
    before = len(pickle.dumps(layer))
    layer(torch.zeros(3, requires_grad=True)).sum().backward()
    layer.zero_grad(set_to_none=True)
    assert len(pickle.dumps(layer)) <= before
