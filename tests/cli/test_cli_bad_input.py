"""Bad input: exit status 2, something to learn on standard error, nothing on standard output, never a traceback."""

from __future__ import annotations

import time

import pytest
from commands import Command

BAD_COMMANDS = [
    (["nothing"], "No such command"),
    (["sho"], "show"),
    (["show"], "EXPR"),
    (["show", "x", "y"], "extra argument"),
    (["show", "x", "--jsn"], "--json"),
    (["show", "x", "--order", "0"], "greater than or equal to 1"),
    (["show", "x", "--order", "two"], "integer"),
    (["show", "x", "--kind", "cat"], "activation, loss, plain"),
    (["show", "x", "--wrt", "q"], "there are x"),
    (["show", "3", "--derivative"], "none"),
    (["analyze", "2*a"], "activation"),
    (["analyze", "x", "--variance", "-1"], "positive"),
    (["analyze", "x", "--mean", "nan"], "finite"),
    (["analyze", "x", "--mean", "much"], "number"),
    (["analyze", "C*x"], "C=10"),
    (["export", "x", "--format", "word"], "latex"),
    (["export", "x", "--format", "torchscript"], "-o"),
    (["export", "x", "-o", "/no/such/folder/file"], "/no/such/folder/file"),
    (["export", "C*x"], "C=10"),
    (["export", "3"], "has no inputs"),
    (["export", "3", "--format", "torchscript", "-o", "never.pt"], "input"),
    (["zoo", "mihs"], "mish"),
    (["zoo", "a", "b"], "extra argument"),
    (["zoo", "mish", "--kind", "loss"], "do not go together"),
    (["zoo", "--find", "x", "--search", "x"], "do not go together"),
    (["zoo", "--kind", "cat"], "constraint-op"),
    (["zoo", "--find", "x*"], "ends too early"),
    (["space"], "SPACE"),
    (["space", "cafee"], "there are cafe, pangaea"),
    (["space", "cafe", "--nodes", "3"], "takes --depth"),
    (["space", "cafe", "--depth", "0"], "at least depth 1"),
    (["space", "cafe", "--depth", "99"], "at most 8"),
    (["space", "aquasurf", "--nodes", "5"], "3 and of 4 nodes"),
    (["space", "aquasurf", "--division", "wild"], "ieee, no_nan"),
    (["space", "binary(unary(x)"], "ends too early"),
    (["space", "unary(x)", "--operators", "none"], "there are cafe"),
    (["space", "cafe", "--count", "--sample", "3"], "do not go together"),
    (["space", "cafe", "--sample", "0"], "1 to 100,000"),
    (["space", "cafe", "--sample", "3", "--how", "else"], "uniform"),
    (["space", "cafe", "--list", "5:2"], "numbers go from 0"),
    (["space", "cafe", "--list", "a:b"], "range of numbers"),
    (["space", "cafe", "--rank", "gelu(x)"], "not among"),
    (["space", "cafe", "--rank", "tanh("], "never closed"),
    (["space", "cafe", "--mutate", "gelu(x)"], "no member"),
    (["space", "pangaea", "--unique"], "too many"),
    (["space", "aquasurf", "--unique", "--level", "kind"], "program, values, function"),
    (["space", "aquasurf", "--unique", "--points", "0"], "at least one point"),
    (["space", "aquasurf", "--unique", "--digits", "0"], "at least 1"),
    (["space", "aquasurf", "--unique", "--points", "1000000000000"], "the limit is 10,000,000"),
    (["space", "aquasurf", "--unique", "--seed", "-1"], "greater than or equal to 0"),
    (["space", "aquasurf", "--unique", "--groups", "-1"], "greater than or equal to 0"),
    (["space", "aquasurf", "--level", "program"], "--level goes with --unique"),
    (["space", "aquasurf", "--list", "0:3", "--how", "initial"], "--how goes with --sample, not with --list"),
    (["space", "aquasurf", "--count", "--seed", "3"], "not with --count"),
    (["space", "aquasurf", "--save", "a.npy", "--digits", "3"], "--digits goes with --unique, not with --save"),
    (["space", "aquasurf", "--unique", "--save", "a.npy", "--groups", "3"], "not with --unique --save"),
    (["space", "cafe", "--save", "a.npy"], "too many at once"),
    (["space", "evomal", "--depth", "12"], "more than 10**4000 functions"),
    (["run", "foo(x)"], "unknown function 'foo' (line 1, column 1)\n    foo(x)\n    ^"),
    (["run", "3"], "write an activation in x"),
    (["run", "x + y"], "function of x, y"),
    (["run", "mihs"], "the nearest name in the zoo is 'mish'"),
    (["run", "hardswish"], "operator of the language"),
    (["run", "sparse_lssr(0.1)"], "the nearest name is 'sparse_lsr'"),
    (["run", "lsr(xi=2, alpha=1)"], "it takes xi, C"),
    (["run", "lsgan"], "GANLoss"),
    (["run", "gan_wgan_d_fake"], "wgan is three losses"),
    (["run", "op_cafe_u_relu"], "must be of kind activation or loss"),
    (["show", "mish", "--kind", "loss"], "of kind activation in the zoo"),
    (["run", "y*log(p) + z"], "inputs y, p, z"),
    (["run", "C*x"], "C=10"),
    (["run", "x", "--data", "mnist"], "digits, diabetes"),
    (["run", "x", "--epochs", "0"], "greater than or equal to 1"),
    (["run", "x", "--width", "wide"], "integer"),
    (["run", "x", "--lr", "-1"], "positive"),
    (["run", "x", "--lr", "nan"], "positive"),
    (["run", "x", "--backend", "cuda12"], "auto, cpu"),
    (["run", "a*x", "--granularity", "pixel"], "none, layer, channel, neuron"),
    (["run", "x", "--save", "/no/such/folder/file.json"], "/no/such/folder/file.json"),
    (["run", "x", "--save", "/"], "cannot be written"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD_COMMANDS, ids=[" ".join(command) for command, _ in BAD_COMMANDS])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_commands(symkit: Command, arguments: list[str], said: str, as_json: bool) -> None:
    # The fixture raises what typer did not turn into an exit.
    done = symkit(*arguments, *(["--json"] if as_json and arguments[0] in ("show", "run", "zoo") else []))
    assert done.code == 2
    assert done.out == ""
    assert said in done.err


BAD_TEXTS = [
    "",
    " ",
    "x +",
    "* x",
    "x x",
    "(x",
    "x)",
    "x(2)",
    "sin()",
    "sin(x, x)",
    "max(x)",
    "sigmod(x)",
    "1.2.3",
    "2e+",
    "x = 3",
    "f(x = x",
    "f(x; alpha: pixel) = alpha*x",
    "f(x; alpha = nan) = alpha*x",
    "where(x)",
    "x if",
    "|x",
    "x @ x",
    "x; y",
    "t = x;",
    "__import__('os')",
    "x.__class__",
    "lambda x: x",
    '"x"',
    "x\x00",
    "x\x1b[31m",
    "\ud800",
    "9" * 500,
    "(" * 300 + "x" + ")" * 300,
]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=lambda text: ascii(text)[:30])
def test_bad_formulas(symkit: Command, text: str) -> None:
    done = symkit("show", text)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert "line 1, column" in done.err
    assert "\x1b" not in done.err


HUGE = {
    "a million parentheses": b"(" * 1_000_000 + b"x" + b")" * 1_000_000,
    "ten megabytes": b"x+" * 5_000_000 + b"x",
    "100,000 terms": b"+".join([b"x"] * 100_000),
    "deep text within the limit": b"(" * 30_000,
    "bytes that are no text": b"x + \xff\xfe",
    "control characters": bytes(range(32)),
}


@pytest.mark.parametrize("name", HUGE)
def test_hostile_formulas_on_standard_input(symkit_process: Command, name: str) -> None:
    start = time.perf_counter()
    done = symkit_process("show", "-", stdin=HUGE[name])
    assert time.perf_counter() - start < 2.0
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert "Traceback" not in done.err


def test_bytes_that_are_no_text_as_an_argument(symkit_process: Command) -> None:
    done = symkit_process("show", b"x + \xff")
    assert done.code == 2
    assert "line 1, column 5" in done.err
    assert "Traceback" not in done.err
