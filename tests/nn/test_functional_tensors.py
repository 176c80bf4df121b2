"""Functions on tensors of every dtype, shape, layout and origin, and what they say of those they do not take."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

import symkit
from symkit.errors import DomainError, ParseError
from symkit.nn.functional import FLOATS

TEXT = "a*x*sigmoid(b*x)"


def plain(x: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    return a * x * torch.sigmoid(b * x)


# Dtypes


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_result_has_the_dtype_of_the_input(dtype: torch.dtype, backend: str) -> None:
    x = torch.randn(64).to(dtype).requires_grad_()
    a = torch.tensor(0.7).to(dtype).requires_grad_()
    value = symkit.functional(TEXT, backend=backend)(x, a=a, b=2.0)
    assert value.dtype == dtype
    by_x, by_a = torch.autograd.grad(value.sum(), (x, a), create_graph=True)
    assert (by_x.dtype, by_a.dtype) == (dtype, dtype)
    (second,) = torch.autograd.grad(by_x.sum(), x)
    assert second.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_computed_in_float32_and_rounded_once(dtype: torch.dtype, backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend)
    x = torch.randn(64).to(dtype).requires_grad_()
    wide = x.detach().float().requires_grad_()
    value, exact = f(x, a=0.7, b=2.0), f(wide, a=0.7, b=2.0)
    assert torch.equal(value, exact.to(dtype))
    (ours,) = torch.autograd.grad(value.sum(), x)
    (theirs,) = torch.autograd.grad(exact.sum(), wide)
    assert torch.equal(ours, theirs.to(dtype))


@pytest.mark.parametrize("parameter", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_parameters_in_another_dtype_do_not_change_the_results(
    dtype: torch.dtype, parameter: torch.dtype, backend: str
) -> None:
    x = torch.randn(8, dtype=dtype)
    a = torch.tensor([0.5], dtype=parameter, requires_grad=True)
    value = symkit.functional(TEXT, backend=backend)(x, a=a)
    assert value.dtype == dtype
    value.sum().backward()
    assert a.grad is not None
    assert a.grad.dtype == parameter


def test_inputs_in_different_dtypes_promote_as_in_torch(backend: str) -> None:
    f = symkit.functional("(y - p)**2", backend=backend)
    for one in FLOATS:
        for other in FLOATS:
            found = f(torch.ones(2, dtype=one), torch.ones(2, dtype=other))
            assert found.dtype == torch.promote_types(one, other)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
def test_a_target_may_hold_integers(dtype: torch.dtype, backend: str) -> None:
    y = torch.tensor([0, 1, 1]).to(dtype)
    p = torch.tensor([0.2, 0.7, 0.9], requires_grad=True)
    value = symkit.functional("-y*log(p) - (1 - y)*log(1 - p)", backend=backend)(y, p)
    expected = torch.nn.functional.binary_cross_entropy(p, y.float(), reduction="none")
    torch.testing.assert_close(value, expected)
    ours = torch.autograd.grad(value.sum(), p, retain_graph=True)
    torch.testing.assert_close(ours, torch.autograd.grad(expected.sum(), p))


def test_default_dtype_is_left_alone(backend: str) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        f = symkit.functional("where(x > 0, 1, 0) + max(x, a)", backend=backend)
        assert f(torch.ones(2, dtype=torch.float32)).dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)


# Shapes and layouts


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (0, 3), (2, 0, 4), (2, 3, 4, 5)])
def test_every_shape(shape: tuple[int, ...], backend: str) -> None:
    x = torch.randn(shape, requires_grad=True)
    value = symkit.functional(TEXT, backend=backend)(x, a=1.5)
    assert value.shape == shape
    torch.testing.assert_close(value, plain(x, 1.5, 1.0))
    (found,) = torch.autograd.grad(value.sum(), x)
    assert found.shape == shape


@pytest.mark.parametrize("text", ["one(x)", "pi", "a", "x > 0", "1 < 2", "min(2, 3)", "where(0, x, a)", "-(2**3)"])
def test_constant_functions_have_the_shape_of_their_input(text: str, backend: str) -> None:
    f = symkit.functional(symkit.parse(text, kind="activation"), backend=backend)
    x = torch.randn(2, 3, requires_grad=True)
    value = f(x)
    assert (value.shape, value.dtype) == ((2, 3), torch.float32)
    torch.testing.assert_close(value.detach().numpy(), symkit.evaluate(f.expression, x=x.detach().numpy()))
    (found,) = torch.autograd.grad(value.sum(), x)
    assert torch.equal(found, torch.zeros(2, 3))
    assert f(torch.zeros(0, 3)).shape == (0, 3)


def test_parameters_broadcast_in_both_directions(backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend)
    x = torch.randn(4, 1, requires_grad=True)
    a = torch.randn(3, requires_grad=True)
    b = torch.randn(2, 1, 1, requires_grad=True)
    value = f(x, a=a, b=b)
    expected = plain(x, a, b)
    torch.testing.assert_close(value, expected)
    assert value.shape == (2, 4, 3)
    ours = torch.autograd.grad(value.square().sum(), (x, a, b), retain_graph=True)
    torch.testing.assert_close(ours, torch.autograd.grad(expected.square().sum(), (x, a, b)))


def layouts() -> dict[str, Tensor]:
    dense = torch.randn(4, 6, 5, 3)
    return {
        "transposed": dense.transpose(1, 3),
        "sliced": dense[:, ::2, 1:, :],
        "expanded": torch.randn(4, 1, 5, 1).expand(4, 6, 5, 3),
        "one value": torch.randn(()).expand(4, 6),
        "flipped": dense.flip(1).permute(3, 0, 2, 1),
        "channels last": dense.to(memory_format=torch.channels_last),
        "diagonal": torch.randn(5, 5).diagonal(),
        "of complex": torch.view_as_real(torch.randn(4, dtype=torch.complex64))[..., 1],
        "negated on reading": torch.randn(4, dtype=torch.complex64).conj().imag,
    }


@pytest.mark.parametrize("name", layouts())
def test_every_layout(name: str, backend: str) -> None:
    x = layouts()[name].detach().requires_grad_()
    value = symkit.functional(TEXT, backend=backend)(x, a=1.5)
    torch.testing.assert_close(value, plain(x, 1.5, 1.0))
    (found,) = torch.autograd.grad(value.sum(), x)
    torch.testing.assert_close(found, torch.autograd.grad(plain(x, 1.5, 1.0).sum(), x)[0])


def test_channels_last_stays_so(backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend)
    for shape, layout in [((2, 3, 4, 5), torch.channels_last), ((2, 3, 4, 5, 6), torch.channels_last_3d)]:
        x = torch.randn(shape).to(memory_format=layout).requires_grad_()
        a = torch.randn(3, *(1,) * (len(shape) - 2), requires_grad=True)
        value = f(x, a=a)
        assert value.is_contiguous(memory_format=layout)
        upstream = torch.ones_like(value)
        (found,) = torch.autograd.grad(value, x, upstream)
        assert found.is_contiguous(memory_format=layout)


# Memory


@pytest.mark.parametrize("text", ["x", "identity(x)", "1*x", "x + 0", "where(1 < 2, x, a)"])
@pytest.mark.parametrize("recording", [True, False])
def test_the_result_never_shares_memory_with_the_input(text: str, recording: bool, backend: str) -> None:
    f = symkit.functional(text, backend=backend)
    for dtype in FLOATS:
        x = torch.ones(3, dtype=dtype)
        with torch.set_grad_enabled(recording):
            f(x).add_(1)
            f(x.requires_grad_(recording)).add_(1)
        assert x.tolist() == [1.0, 1.0, 1.0]


def test_a_broadcast_result_has_memory_of_its_own(backend: str) -> None:
    f = symkit.functional(symkit.parse("p", kind="loss"), backend=backend)
    for shape in [(2, 3), (1, 3)]:
        p = torch.ones(3)
        value = f(torch.zeros(shape), p)
        value.add_(1)
        assert value.tolist() == torch.full(shape, 2.0).tolist()
        assert p.tolist() == [1.0, 1.0, 1.0]


def test_only_the_operands_are_saved(backend: str) -> None:
    saved: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    x = torch.randn(1000, requires_grad=True)
    a, b = torch.randn(1000, 1).requires_grad_(), torch.tensor(2.0)
    for inputs in [(x, a, b), (x.bfloat16(), a, b)]:
        saved.clear()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            symkit.functional("mish(a*x)*gelu(b*x)", backend=backend)(inputs[0], a=a, b=b)
        pointers = {tensor.data_ptr() for tensor in saved}
        assert pointers == {tensor.data_ptr() for tensor in inputs}
    y = torch.randint(2, (1000,))
    saved.clear()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        symkit.functional("y*log(p)", backend=backend)(y, x)
    assert {tensor.data_ptr() for tensor in saved} == {y.data_ptr(), x.data_ptr()}


def test_an_input_changed_before_the_backward_pass_is_noticed(backend: str) -> None:
    x = torch.ones(3, requires_grad=True)
    inner = x * 1
    value = symkit.functional("x**2", backend=backend)(inner)
    inner.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.sum().backward()


# Modes and devices


def test_without_gradients(backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend)
    x = torch.randn(3, requires_grad=True)
    with torch.no_grad():
        assert not f(x).requires_grad
    with torch.inference_mode():
        value = f(x)
        assert value.is_inference()
        assert f(torch.randn(3)).is_inference()
    assert torch.equal(value, f(x.detach()))
    assert not f(x.detach()).requires_grad
    # What inference mode made can be computed with, if not differentiated.
    assert torch.equal(f(value), f(value.clone()))


def test_meta_device(backend: str) -> None:
    x = torch.empty(4, 5, device="meta", requires_grad=True)
    value = symkit.functional("where(x > 0, max(x, a), 0)", backend=backend)(x)
    assert (value.shape, value.device.type) == ((4, 5), "meta")
    value.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (4, 5)


def test_tracers_and_modes_see_what_runs(backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend)
    x = torch.randn(3)
    traced = make_fx(lambda x: torch.func.grad(lambda x: f(x, a=2.0).sum())(x))(x)
    torch.testing.assert_close(traced(x + 1), torch.func.grad(lambda x: plain(x, 2.0, 1.0).sum())(x + 1))
    with FakeTensorMode() as mode:
        assert f(mode.from_tensor(x)).shape == (3,)


def test_first_calls_from_many_threads(backend: str) -> None:
    f = symkit.functional("log(sigmoid(a*x))*arctan(x)", backend=backend)
    x = torch.linspace(-3, 3, 101, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(
        lambda x: (torch.nn.functional.logsigmoid(x) * torch.atan(x)).sum(), x
    )
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def work() -> None:
        mine = x.clone().requires_grad_()
        barrier.wait()
        try:
            found.append(torch.autograd.grad(f(mine).sum(), mine)[0])
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for gradient in found:
        torch.testing.assert_close(gradient, expected)


# Functions as objects


def test_functions_copy_pickle_and_compare(backend: str) -> None:
    f = symkit.functional(TEXT, backend=backend, stabilise=False)
    x = torch.randn(5)
    for other in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert other == f
        assert hash(other) == hash(f)
        assert (other.backend, other.stabilised) == (backend, False)
        assert torch.equal(other(x, a=2.0), f(x, a=2.0))
    assert f != symkit.functional(TEXT, backend=backend)
    assert f != symkit.functional("x", backend=backend, stabilise=False)
    assert repr(f) == f"functional('a*x*sigmoid(b*x)', backend='{backend}')"


def test_a_parameter_may_be_called_self(backend: str) -> None:
    assert symkit.functional("x*self", backend=backend)(torch.ones(1), self=3.0).item() == 3.0


def test_constants_by_name(backend: str) -> None:
    y, p = torch.ones(2), torch.tensor([1.0, 2.0])
    f = symkit.functional("y/C + p*eps", backend=backend)
    assert torch.equal(f(y, p, C=4, eps=0.5), torch.tensor([0.75, 1.25]))
    torch.testing.assert_close(f(y, p, C=2), 0.5 + 1e-7 * p)
    with pytest.raises(DomainError, match=r"C has no value; pass C=10, or set it in the header"):
        f(y, p)


# Errors


@pytest.mark.parametrize(
    ("text", "inputs", "values", "message"),
    [
        ("x", (torch.tensor([1, 2]),), {}, r"x is torch.int64; it must be float64, float32, bfloat16, float16"),
        ("x", (torch.tensor([True]),), {}, r"x is torch.bool; it must be float64, float32, bfloat16, float16"),
        (
            "y + p",
            (torch.tensor([1]), torch.tensor([1])),
            {},
            r"y is torch.int64, p is torch.int64; one of them must be",
        ),
        ("x", (torch.ones(2) * 1j,), {}, r"x is torch.complex64; allowed are float64, float32, bfloat16, float16"),
        ("x", (torch.ones(2).to(torch.float8_e5m2),), {}, r"x is torch.float8_e5m2; allowed are float64"),
        ("x", (1.0,), {}, r"x must be a tensor, not float; for numbers use evaluate\(\)"),
        ("x", (), {}, r"x takes x: 1 tensor, not 0"),
        ("a*x", (torch.ones(2), torch.ones(2)), {}, r"a\*x takes x: 1 tensor, not 2; parameters go by name"),
        ("y + p", (torch.ones(2),), {}, r"y \+ p takes y, p: 2 tensors, not 1"),
        ("a*x", (torch.ones(2),), {"b": 1.0}, r"'b' is no parameter or constant of a\*x; there are a"),
        ("x", (torch.ones(2),), {"eps": 1.0}, r"'eps' is no parameter or constant of x; there are none"),
        ("a*x", (torch.ones(2),), {"a": "one"}, r"a must be a number or a tensor, not 'one'"),
        ("a*x", (torch.ones(2),), {"a": 1j}, r"a must be a number or a tensor, not 1j"),
        ("a*x", (torch.ones(2),), {"a": torch.ones(2) * 1j}, r"a is torch.complex64; allowed are real tensors"),
        ("x + eps", (torch.ones(2),), {"eps": torch.ones(2)}, r"eps must be a number or a tensor"),
    ],
)
def test_errors_say_what_is_allowed(text: str, inputs: tuple[Any, ...], values: dict[str, Any], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        symkit.functional(text)(*inputs, **values)


def test_errors_of_making_one() -> None:
    with pytest.raises(DomainError, match=r"backend 'cobol' is not one of auto, cpu, cuda, torch, torchscript, exact"):
        symkit.functional("x", backend="cobol")
    with pytest.raises(DomainError, match=r"alpha has no inputs to run on"):
        symkit.functional("alpha")
    with pytest.raises(ParseError):
        symkit.functional("x +")
