"""Kernels on disk: found again, healed when damaged, done without where they cannot be kept, bounded in size."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from kernels import ROOT, kernel, run_python, same

from symkit.backends.native import cache, engine

FORMULA = "x*tanh(x) + 0.25"
X = torch.linspace(-3, 3, 101)

KEYS = [f"{32 * n:064x}" for n in range(20)]
"""Keys of kernels at whose writing the cache is weighed."""


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def compiled() -> torch.Tensor:
    """The formula by a kernel that is not in memory yet."""
    (value,) = kernel(FORMULA)((X,))
    return value


def must_not_compile(*_: object) -> None:
    raise AssertionError("compiled again")


def test_a_kernel_is_compiled_once(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled()
    (path,) = files(fresh_cache)
    assert cache.info() == cache.CacheInfo(str(fresh_cache), 1, path.stat().st_size)
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


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: b"",
        lambda good: good[:16],
        lambda good: good[: len(good) // 2],
        lambda good: good[:-1],
        lambda good: good + b"\0",
        lambda good: good[:1000] + bytes([good[1000] ^ 1]) + good[1001:],
        lambda good: bytes(len(good)),
        lambda good: b"not a kernel at all",
    ],
    ids=["empty", "no code", "half", "a byte short", "a byte long", "a bit flipped", "zeros", "text"],
)
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
    assert cache.info().kernels == cache.clear() == 0
    assert files(tmp_path) == [tmp_path / "file"]


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
        cache.cache_folder()


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYMKIT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache.cache_folder() == Path("/caches/symkit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path.home() / ".cache" / "symkit"


def test_the_files_used_longest_ago_go_first(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 5 * (1000 + cache.CHECKSUM))
    for age, key in enumerate(KEYS[:5]):
        cache.write(key, bytes(1000))
        os.utime(cache._path(key), (1000.0 + age, 1000.0 + age))
    assert cache.read(KEYS[0]) == bytes(1000)
    cache.write(KEYS[5], bytes(1000))
    cache.write(KEYS[6], bytes(1000))
    assert [key for key in KEYS if cache.read(key) is not None] == [KEYS[0], *KEYS[3:7]]
    assert cache.info().bytes <= cache.MAX_BYTES


def test_the_cache_is_weighed_every_so_many_kernels(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 0)
    for number in range(1, cache.WEIGHED):
        cache.write(f"{number:064x}", b"code")
    assert cache.info().kernels == cache.WEIGHED - 1
    cache.write(f"{cache.WEIGHED:064x}", b"code")
    assert cache.info().kernels == 0


def test_files_that_a_killed_writer_left_behind_go(fresh_cache: Path) -> None:
    cache.write(KEYS[0], b"code")
    old, new = (fresh_cache / "native" / f"{name}{cache.PARTIAL}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1000.0, 1000.0))
    cache.write(KEYS[1], b"code")
    assert (old.exists(), new.exists()) == (False, True)
    assert cache.clear() == 2
    assert files(fresh_cache) == []


def test_writers_and_readers_at_the_same_time(fresh_cache: Path) -> None:
    """Processes that write, read, prune and clear the same few kernels: nobody sees half of one, or an error."""
    code = """
import random, sys
from symkit.backends.native import cache
cache.MAX_BYTES = 20_000
seed = int(sys.argv[1])
draw = random.Random(seed)
seen = 0
for turn in range(400):
    key = f"{32 * draw.randrange(8):064x}"
    code = cache.read(key)
    assert code is None or code == key.encode() * 100, code
    seen += code is not None
    cache.write(key, key.encode() * 100)
    if draw.random() < 0.02:
        cache.clear()
print(seen)
"""
    with ThreadPoolExecutor(3) as pool:
        seen = list(pool.map(lambda seed: int(run_python(code, str(seed))), range(3)))
    assert all(seen)
    assert cache.info().bytes <= 20_000 + 6432
    assert [path for path in files(fresh_cache) if path.suffix != cache.SUFFIX] == []


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
    assert all(cache.read(path.stem) for path in files(fresh_cache))


def test_kernels_of_another_cpu_compiler_or_version_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite

    cpu, features = engine.host_target()
    keys = [engine._key("kernel"), engine._key("other kernel")]
    with monkeypatch.context() as patch:
        patch.setattr(engine, "host_target", lambda: ("another", features))
        keys.append(engine._key("kernel"))
        patch.setattr(engine, "host_target", lambda: (cpu, f"{features},+another"))
        keys.append(engine._key("kernel"))
    with monkeypatch.context() as patch:
        patch.setattr(llvmlite, "__version__", "0.0")
        keys.append(engine._key("kernel"))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_sources", lambda: "another version of the compiler")
        keys.append(engine._key("kernel"))
    assert len(set(keys)) == len(keys)
    assert engine._key("kernel") == keys[0]


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
