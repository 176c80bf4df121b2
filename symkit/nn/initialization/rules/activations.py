"""Activations: functions of single entries (B equations 5.9 and 5.10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

from torch import Tensor, nn

from symkit.nn.activation import Activation
from symkit.nn.initialization.measuring import drawn, measured
from symkit.nn.initialization.pairs import product_of
from symkit.nn.initialization.recorder import Call, Rule
from symkit.nn.initialization.report import UNKNOWN
from symkit.nn.initialization.signal import Signal, applied
from symkit.text import Expression, parse

SAMES = (
    *("relu", "relu6", "selu", "mish", "softsign", "hardswish", "tanhshrink", "sigmoid", "tanh", "exp", "expm1", "log"),
    *("log1p", "sqrt", "rsqrt", "abs", "square", "sin", "cos", "tan", "sinh", "cosh", "erf", "erfc", "reciprocal"),
    *("sign", "arcsinh", "arctan", "arctanh", "neg"),
)
"""Functions of one name in torch and here."""

PLAIN = {
    **{name: f"{name}(x)" for name in SAMES},
    "silu": "swish(x)",
    "logsigmoid": "log_sigmoid(x)",
    "log_sigmoid": "log_sigmoid(x)",
    "hardsigmoid": "hard_sigmoid_torch(x)",
    "absolute": "abs(x)",
    "asinh": "arcsinh(x)",
    "atan": "arctan(x)",
    "atanh": "arctanh(x)",
    "negative": "neg(x)",
    "sgn": "sign(x)",
    "exp2": "2**x",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "special_expit": "sigmoid(x)",
    "special_erf": "erf(x)",
    "special_expm1": "expm1(x)",
    "special_exp2": "2**x",
    "special_i0e": "i0e(x)",
    "special_i1e": "i1e(x)",
    "special_log1p": "log1p(x)",
    "special_ndtr": "normal_cdf(x)",
}
"""Functions without settings."""

MARGIN = 5.0
"""Deviations from 0 of a variable whose chance to be 0 or of the other sign counts for nothing."""


def _number(value: Any) -> str:
    return f"({float(value)!r})"


def _one_setting(function: str, name: str, default: float) -> Callable[[Call], str]:
    return lambda call: f"{function}(x, {_number(call.argument(1, name, default=default))})"


def _gelu(call: Call) -> str:
    return "gelu_tanh(x)" if call.named.get("approximate", "none") == "tanh" else "gelu(x)"


def _softplus(call: Call) -> str:
    beta = call.argument(1, "beta", default=1.0)
    return "softplus(x)" if beta == 1 else f"softplus({_number(beta)}*x)/{_number(beta)}"


def _hardtanh(call: Call) -> str:
    return _between(call.argument(1, "min_val", default=-1.0), call.argument(2, "max_val", default=1.0))


def _clamp(call: Call) -> str:
    return _between(call.argument(1, "min"), call.argument(2, "max"))


def _clamp_min(call: Call) -> str:
    return _between(call.argument(1, "min"), None)


def _clamp_max(call: Call) -> str:
    return _between(None, call.argument(1, "max"))


def _between(low: Any, high: Any) -> str:
    text = "x" if low is None or low == -inf else f"max(x, {_number(low)})"
    return text if high is None or high == inf else f"min({text}, {_number(high)})"


def _threshold(call: Call) -> str:
    return f"where(x > {_number(call.argument(1, 'threshold'))}, x, {_number(call.argument(2, 'value'))})"


WITH_SETTINGS: dict[str, Callable[[Call], str]] = {
    "elu": _one_setting("elu", "alpha", 1.0),
    "celu": _one_setting("celu", "alpha", 1.0),
    "leaky_relu": _one_setting("leaky_relu", "negative_slope", 0.01),
    "softshrink": _one_setting("softshrink", "lambd", 0.5),
    "hardshrink": _one_setting("hardshrink", "lambd", 0.5),
    "gelu": _gelu,
    "softplus": _softplus,
    "hardtanh": _hardtanh,
    **dict.fromkeys(("clamp", "clip"), _clamp),
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    **dict.fromkeys(("threshold", "_threshold"), _threshold),
}
"""Functions with settings, as text."""


@lru_cache(maxsize=1024)
def expression(text: str, inputs: tuple[str, ...] = ("x",)) -> Expression:
    """A function of some inputs."""
    return parse(f"f({', '.join(inputs)}) = {text}")


def plain(call: Call) -> Any:
    """A function of one entry."""
    settings = (*call.args[1:], *call.named.values())
    if any(isinstance(setting, Tensor) and setting.numel() != 1 for setting in settings):
        return call.unknown()
    text = PLAIN[call.kind] if call.kind in PLAIN else WITH_SETTINGS[call.kind](call)
    return activated(call, expression(text))


def activated(call: Call, e: Expression) -> Any:
    """An elementwise function of the first argument."""
    before = call.signal()
    if call.result is None:
        call.run()
    return ended(call, before, evaluated(call, e, before))


def ended(call: Call, before: Signal, after: Signal) -> Any:
    """The end of an activation: its mean is taken off, if that is wanted and a module stands for it."""
    recorder = call.recorder
    module = recorder.module
    if not recorder.settings.center or after.is_constant:
        return call.finish(after, before)
    if module is None or not is_activation(module) or not recorder.name_of(module):
        return call.finish(after.noted(after.assumption or NOT_CENTRED), before)
    taken = recorder.means.setdefault(module, after.mean)
    call.result = call.result - taken
    less = applied(expression("x - m", ("x", "m")), [after, Signal.constant(taken)])
    assert less is not None
    same = abs(taken - after.mean) <= SAME_MEAN * after.second_moment**0.5
    return call.finish(less.noted(after.assumption or ("" if same else FIRST_MEAN)), before)


NOT_CENTRED = "not centred: no module inside the model stands for it"
FIRST_MEAN = "centred by the mean of its first use"
SAME_MEAN = 1e-3


def is_activation(module: nn.Module) -> bool:
    """Whether a module does nothing but apply a function to entries."""
    if isinstance(module, Activation):
        return True
    return type(module).__module__ == nn.ReLU.__module__ and not any(module.children())


def evaluated(call: Call, e: Expression, *signals: Signal) -> Signal:
    """What a function makes of functions of one variable; drawn, or measured, where its moments cannot be had."""
    found = applied(e, signals)
    if found is not None and found.is_usable:
        return found
    inside = [signal for signal in signals if not signal.is_constant]
    if found is not None and inside and all(abs(one.mean) > MARGIN * one.variance**0.5 for one in inside):
        values = measured(drawn(found, (SAMPLES,), 0, call.recorder.generator)).origin
        shared = inside[0].correlation * values.variance
        return Signal.normal(values.mean, values.variance, shared, FAR, of=signals)
    values = measured(call.result).origin
    reason = found.reason if found is not None else ""
    return Signal.normal(values.mean, values.variance, 0.0, f"{UNKNOWN}, measured: {reason or OVERFLOWS}", of=signals)


FAR = "input taken as far from 0: drawn"
OVERFLOWS = "its mean or variance overflows"

SAMPLES = 50_000


def prelu(call: Call) -> Any:
    """A slope for each channel; where slopes differ, those of their mean and of their mean square."""
    return _leaky(call, call.recorder.signal(call.argument(1, "weight")))


def random_slope(call: Call) -> Any:
    """Leaky relu of a random slope in training, of the middle one else."""
    low, high = call.argument(1, "lower", default=1 / 8), call.argument(2, "upper", default=1 / 3)
    width = (high - low) if call.argument(3, "training", default=False) else 0.0
    return _leaky(call, Signal.normal((low + high) / 2, width**2 / 12))


def _leaky(call: Call, slope: Signal) -> Any:
    one = expression(f"leaky_relu(x, {_number(slope.mean)})")
    if slope.is_constant:
        return activated(call, one)
    before = call.signal()
    call.run()
    mean = evaluated(call, one, before)
    square = evaluated(call, expression(f"leaky_relu(x, {_number(slope.second_moment**0.5)})"), before)
    return ended(call, before, before.become(mean.mean, square.second_moment - mean.mean**2, mean.covariance))


def power(call: Call) -> Any:
    """Of a number: x**n or n**x."""
    base, exponent = call.argument(0, "input", "self"), call.argument(1, "exponent", "other")
    if call.kind == "rpow":
        base, exponent = exponent, base
    if isinstance(base, Tensor) and isinstance(exponent, int | float):
        text = "x" if exponent == 1 else f"x**{int(exponent) if exponent == int(exponent) else _number(exponent)}"
        return activated(call, expression(text))
    if isinstance(base, int | float) and isinstance(exponent, Tensor):
        before = call.recorder.signal(exponent)
        call.run()
        return call.finish(evaluated(call, expression(f"{_number(base)}**x"), before), before)
    return call.unknown()


def glu(call: Call) -> Any:
    """Half of the channels times the sigmoid of the other half, as of independent halves."""
    before = call.signal()
    call.run()
    half = before.flattened()
    gate = evaluated(call, expression("sigmoid(x)"), Signal.normal(half.mean, half.variance, half.covariance))
    after = product_of(Signal.normal(half.mean, half.variance, half.covariance), gate)
    return call.finish(before.become(after.mean, after.variance, after.covariance, HALVES), before)


HALVES = "halves taken as independent"


def whole(call: Call) -> Any:
    """An Activation of symkit, its parameters where they are."""
    module = call.function
    assert isinstance(module, Activation)
    values = {name: call.recorder.signal(value) for name, value in module.values().items()}
    if not all(value.is_constant for value in values.values()):
        return call.unknown(": its parameters differ")
    numbers = {name: value.mean for name, value in values.items()}
    return activated(call, module.expression.with_values(numbers))


RULES: dict[str, Rule] = {
    **dict.fromkeys(PLAIN, plain),
    **dict.fromkeys(WITH_SETTINGS, plain),
    "prelu": prelu,
    "rrelu": random_slope,
    **dict.fromkeys(("pow", "float_power", "rpow"), power),
    "glu": glu,
}

WHOLE: dict[type[nn.Module], Rule] = {Activation: whole}
