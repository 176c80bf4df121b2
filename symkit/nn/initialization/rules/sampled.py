"""Functions that are run on entries drawn from the signal before them (Monte Carlo)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from symkit.nn.initialization import layout
from symkit.nn.initialization.measuring import drawn, measured_with_positions
from symkit.nn.initialization.recorder import Call, Rule, tensors_in
from symkit.nn.initialization.signal import Signal

DRAWN = "Monte Carlo: run on normal inputs"
RECURRENT = "Monte Carlo: run on normal inputs, with weights as they are"


def drawn_through(call: Call) -> Any:
    """The function is run on entries of the predicted distribution."""
    return _through(call, DRAWN, call.recorder.channel(call.given))


def recurrent(call: Call) -> Any:
    """A recurrent layer keeps its own initialisation (B section 5.4)."""
    features = call.given.dim() - 1
    return _through(call, RECURRENT, features)


def _through(call: Call, assumption: str, channel: int) -> Any:
    before, given = call.signal(), call.given
    sample = drawn(before, given.shape, channel, call.recorder.generator).to(given)
    rest = {name: value for name, value in call.named.items() if value is not given}
    name = next((name for name, value in call.named.items() if value is given), None)
    if name is None:
        sampled = call.function(sample, *call.args[1:], **rest)
    else:
        sampled = call.function(**{name: sample}, **rest)
    result = call.run()
    floats = [tensor for tensor in tensors_in(result) if tensor.is_floating_point()]
    for place, (found, tensor) in enumerate(zip(_floats(sampled), floats, strict=True)):
        where = channel if tensor.dim() == given.dim() else layout.usual(tensor)
        values = measured_with_positions(found, where).origin
        after = Signal.normal(values.mean, values.variance, values.covariance, assumption, of=(before,))
        if place == 0:
            call.recorder.record(call.kind, before, after, tensor)
        call.recorder.attach(tensor, after, where)
    return result


def _floats(result: Any) -> list[Tensor]:
    return [tensor for tensor in tensors_in(result) if tensor.is_floating_point()]


RECURRENTS = ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")

FUNCTIONS = (
    *("log_softmax", "softmin", "logsumexp", "normalize", "norm", "vector_norm", "linalg_norm", "linalg_vector_norm"),
    *("std", "var", "std_mean", "var_mean", "interpolate", "upsample", "local_response_norm", "cosine_similarity"),
)
"""Functions of several entries of their first argument."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(RECURRENTS, recurrent),
    **dict.fromkeys(FUNCTIONS, drawn_through),
}
