"""Derivatives of functions of tensors: every mode and order that torch has, held to finite differences and to torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

import symkit
from symkit.errors import DomainError

SMOOTH = "log(sigmoid(a*x))*b*arcsinh(x)"
TEXTS = (SMOOTH, "max(x, a*x) + abs(x - b)", "where(x > a, gelu(x), b*sinh(x))", "a*x**3 + b", "b*i0e(x)/(1 + a**2)")

Function = Callable[[Tensor, Tensor, Tensor], Tensor]


def of_three(text: str, backend: str) -> Function:
    """The expression as a function of x, a and b."""
    function = symkit.functional(text, backend=backend)
    return lambda x, a, b: function(x, a=a, b=b)


def arguments() -> tuple[Tensor, Tensor, Tensor]:
    """x of shape (5, 3), a for each of its columns, and one b; no kink of TEXTS is near."""
    x = torch.linspace(-2.1, 2.2, 15, dtype=torch.float64).reshape(5, 3)
    a = torch.tensor([0.3, 0.5, 0.8], dtype=torch.float64)
    b = torch.tensor(-0.7, dtype=torch.float64)
    return x.requires_grad_(), a.requires_grad_(), b.requires_grad_()


def reference(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """SMOOTH in plain torch."""
    return torch.nn.functional.logsigmoid(a * x) * b * torch.asinh(x)


def same(found: object, expected: object) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("text", TEXTS)
def test_first_derivatives(text: str, backend: str) -> None:
    assert gradcheck(of_three(text, backend), arguments(), check_forward_ad=True, check_batched_grad=True)


@pytest.mark.parametrize("text", TEXTS)
def test_second_derivatives(text: str, backend: str) -> None:
    assert gradgradcheck(of_three(text, backend), arguments(), check_fwd_over_rev=True, check_rev_over_rev=True)


def test_third_derivatives(backend: str) -> None:
    f = of_three(SMOOTH, backend)

    def first(x: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(f(x, a, b).sum(), (x, a, b), create_graph=True)

    assert gradgradcheck(first, arguments())


def test_ten_derivatives_in_a_row(backend: str) -> None:
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    value = symkit.functional("exp(2*x)", backend=backend)(x)
    for order in range(1, 11):
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        torch.testing.assert_close(value, 2**order * torch.exp(2 * x))


@pytest.mark.parametrize("needed", [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_only_what_requires_a_gradient_gets_one(needed: tuple[int, ...], backend: str) -> None:
    values = [value.detach() for value in arguments()]
    ours = [value.clone().requires_grad_(i in needed) for i, value in enumerate(values)]
    theirs = [value.clone().requires_grad_(i in needed) for i, value in enumerate(values)]
    of_three(SMOOTH, backend)(*ours).sum().backward()
    reference(*theirs).sum().backward()
    for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert (mine.grad is not None) == (i in needed)
        same(mine.grad, other.grad)


def test_gradients_accumulate_and_graphs_can_be_kept(backend: str) -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    loss = symkit.functional("x**2", backend=backend)(x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4.0, -8.0]


def test_torch_func(backend: str) -> None:
    f = of_three(SMOOTH, backend)
    x, a, b = (value.detach() for value in arguments())

    def ours(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return f(x, a, b).sum()

    def theirs(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return reference(x, a, b).sum()

    every = (0, 1, 2)
    same(grad(ours, argnums=every)(x, a, b), grad(theirs, argnums=every)(x, a, b))
    same(hessian(ours, argnums=every)(x, a, b), hessian(theirs, argnums=every)(x, a, b))
    same(jacrev(f, argnums=every)(x, a, b), jacrev(reference, argnums=every)(x, a, b))
    same(jacfwd(f, argnums=every)(x, a, b), jacfwd(reference, argnums=every)(x, a, b))
    tangents = (torch.ones_like(x), torch.ones_like(a), torch.ones_like(b))
    same(jvp(f, (x, a, b), tangents), jvp(reference, (x, a, b), tangents))

    def slope(b: Tensor, of: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        return grad(of, argnums=2)(x, a, b)

    same(
        grad(lambda b: slope(b, lambda x, a, b: ours(x, a, b * b)))(b),
        grad(lambda b: slope(b, lambda x, a, b: theirs(x, a, b * b)))(b),
    )


@pytest.mark.parametrize("in_dims", [(None, 0, None), (None, 1, 0), (0, None, None), (1, None, 0), (2, 0, 0)])
def test_vmap(in_dims: tuple[int | None, ...], backend: str) -> None:
    f = of_three(SMOOTH, backend)
    values = [value.detach() for value in arguments()]
    batched = [
        value if dim is None else torch.stack([value, 2 * value, -value, value + 1], dim)
        for value, dim in zip(values, in_dims, strict=True)
    ]
    same(vmap(f, in_dims)(*batched), vmap(reference, in_dims)(*batched))

    def gradients(of: Function) -> Function:
        return grad(lambda *values: of(*values).sum(), argnums=(0, 1, 2))

    same(vmap(gradients(f), in_dims)(*batched), vmap(gradients(reference), in_dims)(*batched))


def test_vmap_of_vmap_and_of_hessians(backend: str) -> None:
    f = of_three(SMOOTH, backend)
    x, a, b = (value.detach() for value in arguments())
    many = torch.stack([a, 2 * a])
    bs = torch.stack([b, b + 1, b + 2])

    def twice(of: Function) -> Tensor:
        return vmap(vmap(of, (None, None, 0)), (None, 0, None))(x, many, bs)

    same(twice(f), twice(reference))

    def curvature(of: Function) -> Tensor:
        return vmap(hessian(lambda b: of(x, a, b).sum()))(bs)

    same(curvature(f), curvature(reference))


def test_ensembles_of_modules(backend: str) -> None:
    layers = [symkit.nn.Activation("x*sigmoid(beta*x)", backend=backend, init={"beta": b}) for b in (0.5, 1.0, 2.0)]
    parameters, buffers = torch.func.stack_module_state(list(layers))

    def run(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        result: Tensor = torch.func.functional_call(layers[0], (parameters, buffers), (x,))
        return result

    x = torch.randn(7)
    found = vmap(run, (0, 0, None))(parameters, buffers, x)
    torch.testing.assert_close(found, torch.stack([layer(x) for layer in layers]).detach(), check_layout=True)
    per_sample = vmap(grad(lambda p, x: run(p, {}, x).sum()), (None, 0))({"beta": torch.tensor(1.0)}, x)
    expected = vmap(grad(lambda b, x: (x * torch.sigmoid(b * x)).sum()), (None, 0))(torch.tensor(1.0), x)
    torch.testing.assert_close(per_sample["beta"], expected)


def test_forward_mode_without_grad_mode(backend: str) -> None:
    f = symkit.functional("where(x > 0, sqrt(x), 0)", backend=backend)
    x = torch.tensor([-1.0, 4.0])
    with torch.no_grad(), forward_ad.dual_level():
        value, tangent = forward_ad.unpack_dual(f(forward_ad.make_dual(x, torch.ones(2))))
    assert value.tolist() == [0.0, 2.0]
    assert tangent is not None
    assert tangent.tolist() == [0.0, 0.25]


def test_vmap_and_grad_without_grad_mode(backend: str) -> None:
    f = symkit.functional("a*x**2", backend=backend)
    with torch.no_grad():
        assert vmap(lambda a: f(torch.tensor(3.0), a=a))(torch.tensor([1.0, 2.0])).tolist() == [9.0, 18.0]
        assert grad(lambda x: f(x, a=2.0))(torch.tensor(3.0)).item() == 12.0


def test_vectorised_jacobian(backend: str) -> None:
    x, a, b = arguments()
    f = of_three(SMOOTH, backend)
    found = torch.autograd.functional.jacobian(f, (x, a, b), vectorize=True)
    same(found, torch.autograd.functional.jacobian(reference, (x, a, b), vectorize=True))


def test_what_nothing_asks_for_does_not_poison_the_rest(backend: str) -> None:
    # At a = 0 the slope by a is infinite or has an infinite slope: times a zero that stands for nothing, NaN.
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    a = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    by_x, _ = torch.autograd.grad(symkit.functional("a*x + a**1.5", backend=backend)(x, a=a), (x, a), create_graph=True)
    assert torch.autograd.grad(by_x, a)[0].item() == 1.0
    root = symkit.functional("x + sqrt(a)", backend=backend)
    with forward_ad.dual_level():
        value = root(forward_ad.make_dual(x.detach(), torch.ones_like(x)), a=a.detach())
        tangent = forward_ad.unpack_dual(value).tangent
    assert tangent is not None
    assert tangent.item() == 1.0


def test_kinks_have_the_recorded_derivative(backend: str) -> None:
    for text, expected in [("relu(x)", 0.0), ("max(x, 0)", 0.5), ("abs(x)", 0.0), ("elu(x, 2)", 2.0)]:
        x = torch.tensor(0.0, requires_grad=True)
        symkit.functional(text, backend=backend)(x).backward()
        assert x.grad is not None
        assert x.grad.item() == expected, text


def test_the_branch_not_taken_does_not_leak(backend: str) -> None:
    x = torch.tensor([-1.0, 4.0, 0.0], requires_grad=True)
    symkit.functional("where(x > 0, sqrt(x), 0)", backend=backend)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.25, 0.0]


@pytest.mark.parametrize("text", TEXTS)
def test_values_and_derivatives_from_one_pass(text: str, backend: str) -> None:
    joint = symkit.functional(text, backend=backend, derivatives=("x", "b"))
    x, a, b = arguments()
    value, by_x, by_b = joint(x, a=a, b=b)
    expected = of_three(text, backend)(x, a, b)
    same(value, expected)
    whole = b.expand_as(x).clone().detach().requires_grad_()
    (slope,) = torch.autograd.grad(expected.sum(), x)
    same(by_x, slope)
    same(by_b, torch.autograd.grad(of_three(text, backend)(x, a, whole).sum(), whole)[0])
    (mixed,) = torch.autograd.grad(by_b.sum(), x, retain_graph=True, materialize_grads=True)
    same(mixed.sum(), torch.autograd.grad(by_x.sum(), b, materialize_grads=True)[0])


def test_a_derivative_by_what_is_not_there() -> None:
    with pytest.raises(DomainError, match="no derivative by 'z'; inputs and parameters are x, beta"):
        symkit.functional("beta*x", derivatives=["z"])
