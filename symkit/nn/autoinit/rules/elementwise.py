"""Activations and arithmetic: functions of single entries (B equations 5.9, 5.10, 5.18 to 5.21)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from torch import Tensor, nn

from symkit.nn.activation import Activation
from symkit.nn.autoinit.recorder import Call, Rule, measured
from symkit.nn.autoinit.report import UNKNOWN
from symkit.nn.autoinit.signal import Signal, applied, product_of, sum_of
from symkit.text import Expression, parse

PLAIN = {
    **{name: f"{name}(x)" for name in ("relu", "relu6", "selu", "mish", "softsign", "hardswish", "tanhshrink")},
    **{name: f"{name}(x)" for name in ("sigmoid", "tanh", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "abs")},
    **{name: f"{name}(x)" for name in ("square", "sin", "cos", "tan", "sinh", "cosh", "erf", "erfc", "reciprocal")},
    **{name: f"{name}(x)" for name in ("sign", "arcsinh", "arctan", "arctanh", "neg")},

        "silu": "swish(x)",
        "logsigmoid": "log_sigmoid(x)",
        "hardsigmoid": "hard_sigmoid_torch(x)",
        "absolute": "abs(x)"
    ,

        "asinh": "arcsinh(x)",
        "atan": "arctan(x)",
        "atanh": "arctanh(x)",
        "negative": "neg(x)",
        "special_expit": "sigmoid(x)"
    ,
    "special_i0e": "i0e(x)", "special_i1e": "i1e(x)", "special_erf": "erf(x)", "special_expm1": "expm1(x)",
    "alias": "identity(x)", "clone": "identity(x)", "float": "identity(x)", "double": "identity(x)",
}
"""Functions without settings."""


def _elu(call: Call) -> str:
    return f"elu(x, {call.argument(1, 'alpha', 1.0)})"


def _celu(call: Call) -> str:
    return f"celu(x, {call.argument(1, 'alpha', 1.0)})"


def _leaky_relu(call: Call) -> str:
    return f"leaky_relu(x, {call.argument(1, 'negative_slope', 0.01)})"


def _gelu(call: Call) -> str:
    return "gelu_tanh(x)" if call.named.get("approximate", "none") == "tanh" else "gelu(x)"


def _softplus(call: Call) -> str:
    beta = call.argument(1, "beta", 1.0)
    return "softplus(x)" if beta == 1 else f"softplus({beta}*x)/{beta}"


def _hardtanh(call: Call) -> str:
    return _between(call.argument(1, "min_val", -1.0), call.argument(2, "max_val", 1.0))


def _clamp(call: Call) -> str:
    return _between(call.argument(1, "min"), call.argument(2, "max"))


def _between(low: Any, high: Any) -> str:
    text = "identity(x)" if low is None else f"max(x, {float(low)!r})"
    return text if high is None else f"min({text}, {float(high)!r})"


def _softshrink(call: Call) -> str:
    return f"softshrink(x, {call.argument(1, 'lambd', 0.5)})"


def _hardshrink(call: Call) -> str:
    return f"hardshrink(x, {call.argument(1, 'lambd', 0.5)})"


def _threshold(call: Call) -> str:
    return f"where(x > {call.argument(1, 'threshold')}, x, {call.argument(2, 'value')})"


WITH_SETTINGS: dict[str, Callable[[Call], str]] = {
    "elu": _elu,
    "celu": _celu,
    "leaky_relu": _leaky_relu,
    "gelu": _gelu,
    "softplus": _softplus,
    "hardtanh": _hardtanh,
    "clamp": _clamp,
    "softshrink": _softshrink,
    "hardshrink": _hardshrink,
    "threshold": _threshold,
}
"""Functions with settings, as text."""


@lru_cache(maxsize=1024)
def expression(text: str, inputs: tuple[str, ...] = ("x",)) -> Expression:
    """A function of some inputs."""
    return parse(f"f({', '.join(inputs)}) = {text}")


def plain(call: Call) -> Any:
    """A function of one entry."""
    text = PLAIN[call.kind] if call.kind in PLAIN else WITH_SETTINGS[call.kind](call)
    return activated(call, expression(text))


def activated(call: Call, e: Expression) -> Any:
    """An elementwise function of the first argument."""
    before = call.signal()
    if call.result is None:
        call.run()
    return centred(call, before, evaluated(e, [before], call.result))


def centred(call: Call, before: Signal, after: Signal) -> Any:
    """The end of an activation: its mean is taken off, if that is wanted and a module stands for it."""
    module = call.recorder.module
    if not call.recorder.settings.center or after.is_constant:
        return call.finish(after, before)
    if not is_activation(module):
        return call.finish(after.noted(after.assumption or "not centred: no module stands for it"), before)
    assert module is not None
    taken = call.recorder.means.setdefault(module, after.mean)
    call.result = call.result - taken
    found = applied(expression("x - m", ("x", "m")), [after, Signal.constant(taken)])
    assert found is not None
    return call.finish(found.noted(after.assumption), before)


def is_activation(module: nn.Module | None) -> bool:
    """Whether a module does nothing but apply a function to entries."""
    if isinstance(module, Activation):
        return True
    return type(module).__module__ == nn.ReLU.__module__ and not any(module.children() if module is not None else [])


def evaluated(e: Expression, signals: Sequence[Signal], result: Tensor) -> Signal:
    """What a function makes of signals; measured where its moments cannot be had."""
    found = applied(e, signals)
    if found is None:
        return measured(result).noted("independent normal inputs, sampled" if result.numel() else "")
    if found.reason:
        return measured(result).noted(f"{UNKNOWN}, measured: {found.reason}")
    return found


def prelu(call: Call) -> Any:
    """A slope for each channel; the same function for all while the slopes are."""
    slope = call.recorder.signal(call.argument(1, "weight"))
    if slope.is_constant:
        return activated(call, expression(f"leaky_relu(x, {slope.mean!r})"))
    return call.unknown()


def power(call: Call) -> Any:
    exponent = call.argument(1, "exponent")
    if isinstance(exponent, Tensor):
        return call.unknown()
    return activated(call, expression(f"x**({float(exponent)!r})"))


def glu(call: Call) -> Any:
    """Half of the channels times the sigmoid of the other half."""
    before = call.signal()
    half = Signal.normal(before.mean, before.variance, before.covariance)
    gate = evaluated(
        expression("sigmoid(x)"), [Signal.normal(before.mean, before.variance, before.covariance)], call.run()
    )
    return call.finish(product_of(half, gate), before)


def two(text: str, *, reflected: bool = False) -> Rule:
    """Arithmetic of two operands, one of which may be a number."""

    def rule(call: Call) -> Any:
        operands = [call.argument(0, "input"), call.argument(1, "other")]
        first, second = (call.recorder.signal(value) for value in operands)
        scale = call.named.get("alpha", 1)
        result = call.run()
        if not isinstance(result, Tensor) or not result.is_floating_point():
            return result
        pair = (second, first) if reflected else (first, second)
        return call.finish(_combined(text, *pair, scale, result), first)

    return rule


def _combined(text: str, a: Signal, b: Signal, scale: float, result: Tensor) -> Signal:
    if scale != 1:
        scaled = applied(expression(f"x*({float(scale)!r})"), [b])
        assert scaled is not None
        b = scaled
    if a.is_constant or b.is_constant or a.origin is b.origin:
        return evaluated(expression(text, ("a", "b")), [a, b], result)
    if text == SUM:
        return sum_of(a, b)
    if text == DIFFERENCE:
        return sum_of(a, b, -1.0)
    if text == PRODUCT:
        return product_of(a, b)
    return measured(result).noted("operands taken as they are: measured")


SUM, DIFFERENCE, PRODUCT, QUOTIENT = "a + b", "a - b", "a*b", "a/b"


def whole(call: Call) -> Any:
    """An Activation of symkit, its parameters where they are."""
    module = call.function
    assert isinstance(module, Activation)
    values = {name: call.recorder.signal(value) for name, value in module.values().items()}
    if not all(value.is_constant for value in values.values()):
        return call.unknown()
    numbers = {name: value.mean for name, value in values.items()}
    return activated(call, module.expression.with_values(numbers))


RULES: dict[str, Rule] = {
    **dict.fromkeys(PLAIN, plain),
    **dict.fromkeys(WITH_SETTINGS, plain),
    "prelu": prelu,
    "pow": power,
    "glu": glu,
    **dict.fromkeys(("add",), two(SUM)),
    **dict.fromkeys(("sub", "subtract"), two(DIFFERENCE)),
    **dict.fromkeys(("rsub",), two(DIFFERENCE, reflected=True)),
    **dict.fromkeys(("mul", "multiply"), two(PRODUCT)),
    **dict.fromkeys(("div", "divide", "true_divide"), two(QUOTIENT)),
    **dict.fromkeys(("rdiv",), two(QUOTIENT, reflected=True)),
    **dict.fromkeys(("maximum", "max_of_two"), two("max(a, b)")),
    **dict.fromkeys(("minimum",), two("min(a, b)")),
}

WHOLE: dict[type[nn.Module], Rule] = {Activation: whole}
