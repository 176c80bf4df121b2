"""Functions told apart by exact values: counts, identities, near misses, and the values that are no numbers."""

from __future__ import annotations

import math
from itertools import product
from random import Random

import mpmath
import numpy as np
import pytest

from symkit.evaluation.analytic import precision
from symkit.ops import standard
from symkit.spaces.exact.digits import rounded
from symkit.spaces.exact.functions import Functions
from symkit.spaces.exact.points import generic_points
from symkit.spaces.exact.reals import LADDER, Real, applied, literal
from symkit.spaces.forms import form, leaf
from symkit.spaces.populations.numbering import Numbering, Numbers
from symkit.spaces.published import aquasurf, schema
from symkit.spaces.space import Space
from symkit.text import parse


def numbers(*texts: str) -> list[int]:
    functions = Functions()
    return [functions.number(parse(text).program) for text in texts]


def same(*texts: str) -> bool:
    return len(set(numbers(*texts))) == 1


# -- whole spaces ------------------------------------------------------------------------------------------------------

# Recomputed from the definitions in B appendix A.4.3: the largest groups, with some of their members.
LARGEST = (
    (108, ("zero(x) + one(x)", "one(x) + zero(x)", "erf(x) + erfc(x)")),
    (56, ("zero(x) + log_sigmoid(x)", "log_sigmoid(x) + zero(x)", "identity(x) - softplus(x)")),
    (53, ("zero(x) + cosh(x)", "cosh(x) + zero(x)", "exp(x) - sinh(x)")),
    (49, ("zero(x) + exp(x)", "one(x) + expm1(x)", "exp(x) + zero(x)")),
)
ZEROS = ("zero(x) + zero(x)", "identity(x) + -x", "-x + identity(x)")


@pytest.mark.parametrize(("division", "distinct", "zeros"), [("ieee", 2_791, 142), ("no_nan", 2_778, 171)])
def test_different_functions_of_aquasurf(division: str, distinct: int, zeros: int) -> None:
    space = aquasurf(3, division=division)
    found = Numbering(Functions()).of(space.members)
    assert len(found) == 5_103
    _, sizes = np.unique(found, return_counts=True)
    assert len(sizes) == distinct
    assert sorted(sizes.tolist(), reverse=True)[:5] == [zeros, *(size for size, _ in LARGEST)]
    for size, texts in ((zeros, ZEROS), *LARGEST):
        (number,) = {int(found[space.rank(text)]) for text in texts}
        assert np.count_nonzero(found == number) == size


def by_mpmath(space: Space, digits: int = 60) -> list[tuple[str, ...]]:
    """The values of binary(unary(x), unary(x)) by the exact meanings alone, at other points and 90 digits."""
    m = mpmath.mp.clone()
    m.dps = 90
    points = [sign * m.sqrt(n) * n / 40 for n in (2, 3, 7, 11, 17, 23, 29) for sign in (1, -1)]

    def values(name: str, *operands: object) -> object:
        record = standard()[name]
        assert record.exact is not None
        return record.exact(m, *operands)

    unary = [[values(f.text, x) for x in points] for f in space.operators["unary"].forms]
    return [
        tuple(m.nstr(m.mpf(values(f.text, a, b)), digits) for a, b in zip(left, right, strict=True))
        for f, left, right in product(space.operators["binary"].forms, unary, unary)
    ]


def test_numbers_are_equal_where_values_at_other_points_are() -> None:
    unary = ["neg", "abs", "exp", "erf", "erfc", "sinh", "cosh", "tanh", "expm1", "arcsinh", "log"]
    space = schema(
        "binary(unary(x), unary(x))", {"unary": unary, "binary": ["add", "sub", "mul", "div", "pow", "max", "min"]}
    )
    expected = by_mpmath(space)
    found = Numbering(Functions()).of(space.members).tolist()
    # 0 is 0.0 or a rounding error of some 1e-90 there.
    pairs = set(zip(found, [tuple("0" if abs(float(v)) < 1e-80 else v for v in row) for row in expected], strict=True))
    assert len(pairs) == len(set(found)) == len({row for _, row in pairs}) < len(found)


def test_numbers_by_walk_and_one_by_one_are_the_same() -> None:
    space = schema(
        "unary(binary(unary(p), y)) | binary(unary(unary(p)), 1)",
        {"unary": ["exp", "log", "elu(x)", "neg", "square"], "binary": ["sub", "mul", "f(a, b) = log_abs_eps(a) + b"]},
    )
    functions = Functions()
    found = Numbering(functions).of(space.members)
    for rank in Random(3).sample(range(space.count()), 60):
        assert functions.number(space[rank].program) == found[rank], space[rank]


# -- pairs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [
        ("relu(x)", "max(x, 0)", "(x + abs(x))/2"),
        ("swish(x)", "x*sigmoid(x)", "x/(1 + exp(-x))"),
        ("1 - erf(x)", "erfc(x)"),
        ("exp(x) - 1", "expm1(x)"),
        ("cosh(x) - sinh(x)", "exp(-x)"),
        ("log(sigmoid(x))", "-softplus(-x)", "log_sigmoid(x)", "x - softplus(x)"),
        ("tanh(x)", "2*sigmoid(2*x) - 1"),
        ("mish(x)", "x*tanh(log1p(exp(x)))"),
        ("gelu(x)", "x*normal_cdf(x)", "x*erfc(-x/sqrt(2))/2"),
        ("sin(x)**2 + cos(x)**2", "1", "erf(x) + erfc(x)", "x/x", "x**0"),
        ("log_cosh(x)", "log(cosh(x))", "softplus(2*x) - x - log(2)"),
        ("hypot(x, 2)", "sqrt(x*x + 4)"),
        ("logaddexp(x, 1)", "log(exp(x) + e)"),
        # Differences of 1e-2000 and less, on the way and as results.
        ("1 - erf(x**4/30)", "erfc(x**4/30)"),
        ("1 - tanh(x**4)", "2*sigmoid(-2*x**4)"),
        ("log(1 - tanh(x**4))", "log(2) - softplus(2*x**4)"),
        # One zero: 0 and -0 are the same, under a fraction as well.
        ("0*x", "-0*x", "x - x", "0"),
        ("1/(0*x)", "1/(-0*x)", "abs(x)/0"),
        # Parameters are inputs of their own.
        ("a*x + a", "a*(x + 1)"),
        ("f(y, p) = (y - p)**2", "f(y, p) = y*y - 2*y*p + p*p"),
        ("f(y, p) = log(abs(p/y))", "f(y, p) = log(abs(p)) - log(abs(y))"),
        ("log_abs_eps(x)", "log(abs(x) + eps)"),
        ("sin(pi*x + pi)", "-sin(pi*x)"),
    ],
)
def test_equal_functions_have_one_number(texts: tuple[str, ...]) -> None:
    assert same(*texts)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("gelu(x)", "gelu_tanh(x)"),
        ("x", "x + 1e-17*x"),
        ("x", "x + 1e-55*x"),
        ("selu(x)", "1.0507*elu(x, 1.67326)"),
        ("elu(x, 0.5)", "celu(x, 0.5)"),
        ("relu(x)", "relu6(x)"),
        ("hard_sigmoid(x)", "hard_sigmoid_torch(x)"),
        ("x", "clip(x, -6, 6)"),
        ("1/(0*x)", "-1/(0*x)"),
        ("x/0", "abs(x)/0"),
        ("log(x)", "log(abs(x))"),
        ("sqrt(x)**2", "x"),
        ("1", "tanh(x**4)"),
        ("0", "erfc(10 + x*x)"),
        ("a*x", "b*x"),
        ("a*x", "x"),
        ("f(y, p) = y - p", "f(y, p) = p - y"),
        ("log_abs_eps(x)", "log(abs(x))"),
        ("log(x)*log(1 - x)", "log(x)*log(1 + x)"),
    ],
)
def test_different_functions_have_different_numbers(a: str, b: str) -> None:
    assert not same(a, b)


def test_what_is_too_close_or_too_far_out_is_not_told_apart() -> None:
    """Where the limits are that the documentation names."""
    assert same("x", "x + 1e-70*x")
    assert same("x", "min(x, 100)")
    assert same("exp(exp(x**2 + 30))", "1/0")
    assert same("exp(-exp(x**2 + 30))", "0")


# -- values ------------------------------------------------------------------------------------------------------------


def values_of(text: str) -> list[float]:
    """The values at the points as floats."""
    functions = Functions()
    kept = functions.values(functions.number(parse(text).program))
    return [float(value.ball.mid()) if isinstance(value, Real) else value for value in kept]


POINTS = values_of("x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/relu(x)", lambda x: 1 / x if x > 0 else math.inf),
        ("-1/relu(x)", lambda x: -1 / x if x > 0 else -math.inf),
        ("relu(x)/relu(x)", lambda x: 1.0 if x > 0 else math.nan),
        ("x**0.5", lambda x: x**0.5 if x > 0 else math.nan),
        ("relu(x)**x", lambda x: x**x if x > 0 else math.inf),
        ("relu(x)**2.5", lambda x: x**2.5 if x > 0 else 0.0),
        ("0**relu(x)", lambda x: 0.0 if x > 0 else 1.0),
        ("0*(1/relu(x))", lambda x: 0.0 if x > 0 else math.nan),
        ("1/relu(x) - 1/relu(x)", lambda x: 0.0 if x > 0 else math.nan),
        ("log(relu(x))", lambda x: math.log(x) if x > 0 else -math.inf),
        ("exp(log(relu(x)))", lambda x: x if x > 0 else 0.0),
        ("arctan(1/relu(x))", lambda x: math.atan(1 / x) if x > 0 else math.pi / 2),
        ("max(x, 1/relu(x))", lambda x: max(x, 1 / x) if x > 0 else math.inf),
        ("min(x, 1/relu(x))", lambda x: min(x, 1 / x) if x > 0 else x),
        ("where(x > 0, x, log(x))", lambda x: x if x > 0 else math.nan),
        ("where(x > 0, 1, log(-x))", lambda x: 1.0 if x > 0 else math.log(-x)),
        ("sqrt(x)**0", lambda x: 1.0),
        ("logaddexp(1/relu(x), 1/relu(x))", lambda x: 1 / x + math.log(2) if x > 0 else math.inf),
        ("hypot(1/relu(x), log(x))", lambda x: math.hypot(1 / x, math.log(x)) if x > 0 else math.inf),
        ("sign(erf(x) + erfc(x) - 1)", lambda x: 0.0),
        ("where(exp(x)*exp(-x) == 1, x, 5)", lambda x: x),
        ("where(cosh(x) - sinh(x) < exp(-x), 5, x)", lambda x: x),
        ("log1p(-erf(x) - erfc(x))", lambda x: -math.inf),
        ("1/(tanh(x) - sinh(x)/cosh(x))", lambda x: math.inf),
        ("zero(log(x))", lambda x: 0.0),
        # Beyond 2**65536, and large numbers that are no integers.
        ("arcsinh(sinh(exp(3*abs(x))))", lambda x: math.exp(3 * abs(x))),
        ("softsign(exp(exp(3*abs(x))))", lambda x: 1 / (1 + math.exp(-math.exp(3 * abs(x))))),
        ("x**tanh(x**4 + 200)", lambda x: x if x > 0 else math.nan),
        ("x**(erf(x) + erfc(x))", lambda x: x),
        ("x**exp(x*x + 150)", lambda x: math.nan if x < 0 else 0.0 if x < 1 else math.inf),
    ],
)
def test_values_follow_ieee(text: str, expected: object) -> None:
    assert callable(expected)
    found = values_of(text)
    assert found == pytest.approx([expected(x) for x in POINTS], rel=1e-14, nan_ok=True)


def test_towers_end_in_infinity_and_take_no_time() -> None:
    found = values_of("exp(exp(exp(exp(abs(x)))))")
    assert math.inf in found
    assert 1e7 < min(found) < math.inf
    assert values_of("tanh(exp(exp(exp(abs(x)))))") == pytest.approx([1.0] * 20)
    assert values_of("i0e(exp(exp(exp(x*x + 3))))") == [0.0] * 20


def test_an_exact_member_stands_for_its_group() -> None:
    functions = Functions()
    for text in ("erf(x) + erfc(x)", "1"):
        number = functions.number(parse(text).program)
    assert all(isinstance(value, Real) and value.exact for value in functions.values(number))
    assert functions.number(parse("erf(x) + erfc(x) - 1").program) == functions.number(parse("0").program)


def test_operands_need_not_be_kept_to_be_compared() -> None:
    functions = Functions()
    x = functions.leaf(leaf("x"))
    forms = [form("relu"), form("max(x, 0)"), form("exp")]
    which, operands = np.arange(3), np.full((3, 1), x)
    loose = functions.apply(forms, which, operands, keep=False)
    kept = functions.apply(forms, which, operands, keep=True)
    assert loose.tolist() == kept.tolist()
    assert kept[0] == kept[1] != kept[2]
    assert functions.apply([form("neg")], np.zeros(1, np.int64), kept[:1, None], keep=False)[0] not in kept


# -- points and digits -------------------------------------------------------------------------------------------------


def test_points_lie_on_both_sides_of_kinks_and_have_many_digits() -> None:
    assert len(POINTS) == len(set(POINTS)) == 20
    assert sum(0 < x < 1 for x in POINTS) == 6
    assert sum(x < 0 for x in POINTS) == 9
    for kink in (-6, -3, -2.5, -1, 1, 2.5, 3, 6):
        assert min(POINTS) < kink < max(POINTS)
    assert any(2.5 < x < 3 for x in POINTS)
    assert any(-3 < x < -2.5 for x in POINTS)
    assert all(math.gcd(man, 2**256) < 2**20 for man, _ in generic_points("x"))
    # Further inputs take other values, in another order.
    assert not set(generic_points("x")) & set(generic_points("y"))
    assert np.argsort(POINTS).tolist() != np.argsort(values_of("f(y, p) = y + 0*p")).tolist()


def test_a_ball_rounds_unless_it_lies_on_a_tie() -> None:
    from flint import arb

    with precision(LADDER[0]):
        one = arb(1)
        tiny = arb(0, arb((1, -300)))
        assert rounded(one) == rounded(one + tiny) == rounded(one + arb((1, -260))) == rounded(one - arb((1, -260)))
        assert rounded(-one) == rounded(-one + tiny) == rounded(-one - arb((1, -260))) == rounded(-one + arb((1, -260)))
        assert rounded(one + arb((1, -190))) != rounded(one)
        tie = one + arb((1, -200))
        assert rounded(tie) == rounded(one)
        assert rounded(tie + tiny) is None
        assert rounded(arb(0)) == (0, 0)


def test_equal_numbers_near_a_tie_are_not_split() -> None:
    """One is the tie exactly, one a ball around it at every precision."""
    tie = "(1 + 2**-200)"
    assert same(f"{tie} + 0*x", f"{tie}*(exp(x)*exp(-x))", f"{tie}*(erf(x) + erfc(x))", "1")
    below = "(1 + 3*2**-200)"
    assert same(f"{below} + 0*x", f"{below}*(exp(x)*exp(-x))", "1 + 2**-199")


def test_cancellation_is_met_with_precision() -> None:
    from flint import arb

    with precision(LADDER[0]):
        large = literal(arb(50))
    values = {
        name: applied(standard()[name], standard()[name].ball, [large])  # type: ignore[arg-type]
        for name in ("erf", "erfc")
    }
    difference = applied(standard()["sub"], lambda a, b: a - b, [literal(arb(1)), values["erf"]])
    assert isinstance(difference, Real)
    assert isinstance(values["erfc"], Real)
    assert difference.bits > LADDER[0]
    assert difference.ball.rel_accuracy_bits() > 200
    assert rounded(difference.ball) == rounded(values["erfc"].ball)
    # Of what agrees to the last precision nothing is left.
    total = applied(standard()["add"], lambda a, b: a + b, [values["erf"], values["erfc"]])
    nothing = applied(standard()["sub"], lambda a, b: a - b, [literal(arb(1)), total])
    assert isinstance(nothing, Real)
    assert nothing.ball.is_zero()


def test_progress_and_count_of_a_union() -> None:
    """Numbers run through all schemas of a space."""
    space = schema(
        "unary(x) | unary(unary(x)) | binary(unary(x), unary(x))", {"unary": ["neg", "abs"], "binary": ["add"]}
    )
    seen: list[tuple[int, int]] = []
    found: Numbers = Numbering(Functions(), lambda done, of: seen.append((done, of))).of(space.members)
    # -x, |x|; x, -|x|; -2x, |x| - x, 2|x|.
    assert len(np.unique(found)) == 7
    assert seen[-1][0] == seen[-1][1]
