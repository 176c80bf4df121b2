"""Kernels on disk: found again, healed when damaged, done without where they cannot be kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from damage import DAMAGE
from kernels import ROOT, kernel, same
from processes import run_python

from symkit import disk_cache
from symkit.backends.native import engine
from symkit.disk_cache import KERNELS

FORMULA = "x*tanh(x) + 0.25"
X = torch.linspace(-3, 3, 101)


def files(folder: Path) -> list[Path]:
    """The kernels; the tables of the parser lie beside them where this process built them there."""
    return sorted(folder.rglob(f"*{KERNELS.suffix}"))


def compiled() -> torch.Tensor:
    """The formula by a kernel that is not in memory yet."""
    (value,) = kernel(FORMULA)((X,))
    return value


def must_not_compile(*_: object) -> None:
    raise AssertionError("compiled again")


def test_a_kernel_is_compiled_once(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled()
    (path,) = files(fresh_cache)
    assert path.parent == fresh_cache / KERNELS.folder
    assert disk_cache.info().kernels == 1
    monkeypatch.setattr(engine, "optimised", must_not_compile)
    assert same(compiled(), first)


def test_another_process_compiles_nothing(fresh_cache: Path) -> None:
    code = f"""
import sys, torch
from symkit import functional
from symkit.backends.native import engine
if sys.argv[1] == "never":
    engine.optimised = None
f = functional({FORMULA!r}, backend="cpu")
x = torch.linspace(-3, 3, 101, requires_grad=True)
y = f(x)
y.sum().backward()
print(y.tolist(), x.grad.tolist())
"""
    first = run_python(code, "compiles")
    assert len(files(fresh_cache)) == 2
    assert run_python(code, "never") == first


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_heals(fresh_cache: Path, damage: Callable[[bytes], bytes]) -> None:
    first = compiled()
    (path,) = files(fresh_cache)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    assert same(compiled(), first)
    assert path.read_bytes() == good


@pytest.mark.parametrize("folder", ["{tmp}/file/inside", "/proc/no/such/place", "{tmp}/" + "long" * 80])
def test_a_folder_that_cannot_be_written_is_no_error(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    monkeypatch.setenv("SYMKIT_CACHE_DIR", folder.format(tmp=tmp_path))
    assert same(compiled(), compiled())
    assert disk_cache.info().kernels == disk_cache.clear() == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_where_the_file_should_be_is_no_error(fresh_cache: Path) -> None:
    first = compiled()
    (path,) = files(fresh_cache)
    path.unlink()
    path.mkdir()
    assert same(compiled(), first)


def test_a_user_without_a_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("SYMKIT_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert same(compiled(), compiled())
    with pytest.raises(OSError, match="SYMKIT_CACHE_DIR"):
        disk_cache.cache_folder()


def test_processes_that_compile_the_same_kernels(fresh_cache: Path) -> None:
    code = """
import torch
from symkit import functional
x = torch.linspace(-3, 3, 101)
print([functional(f"x*tanh(x) + {n}", backend="cpu")(x).tolist() for n in range(4)])
"""
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    printed = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(printed) == 1
    assert len(files(fresh_cache)) == 4
    assert all(KERNELS.read(path.stem) for path in files(fresh_cache))


def test_kernels_of_another_cpu_compiler_or_version_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite

    cpu, features = engine.host_target()
    keys = [engine.cache_key("kernel", cpu, features), engine.cache_key("other kernel", cpu, features)]
    keys.append(engine.cache_key("kernel", "another", features))
    keys.append(engine.cache_key("kernel", cpu, f"{features},+another"))
    with monkeypatch.context() as patch:
        patch.setattr(llvmlite, "__version__", "0.0")
        keys.append(engine.cache_key("kernel", cpu, features))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_sources", lambda: "another version of the compiler")
        keys.append(engine.cache_key("kernel", cpu, features))
    assert len(set(keys)) == len(keys)
    assert engine.cache_key("kernel", cpu, features) == keys[0]


def test_dtypes_layouts_and_calling_orders_are_kernels_of_their_own(fresh_cache: Path) -> None:
    run = kernel("a*x - b")
    leaves = [torch.randn(4, 6), torch.randn(4, 6), torch.randn(())]
    run(leaves)
    run([leaf.double() for leaf in leaves])
    run([leaves[0].t(), leaves[1].t(), leaves[2]])
    assert len(files(fresh_cache)) == 2, "transposed alike is the same box"
    run([leaves[0], leaves[1][0], leaves[2]])
    run(leaves, torch.bfloat16)
    assert len(files(fresh_cache)) == 4
