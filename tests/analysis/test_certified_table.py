"""Moments from a table of a function: the proved numbers of the one-by-one quadrature, for many normals."""

from __future__ import annotations

import numpy as np
import pytest

from symkit.analysis import moments
from symkit.analysis.certified.table import Table
from symkit.analysis.subject import Subject

FUNCTIONS = (
    "relu(x)",
    "swish(x)",
    "log_sigmoid(x)*arcsinh(x)",
    "hard_sigmoid(hard_sigmoid(x))*elu(x)",
    "max(3*x-1,0)*cos(x)",
    "sign(x-0.1)",
    "x**2",
    "x/(1+abs(x))",
)


def table_of(text: str, mean: float, variance: float) -> Table | None:
    subject = Subject.of(text, mean, variance, None)
    return Table.of(subject.program, subject.variable, subject.values, *Table.place(mean, variance))


@pytest.mark.parametrize("text", FUNCTIONS)
@pytest.mark.parametrize("unit", [0.25, 1.0, 4.0])
def test_one_table_serves_many_normals(text: str, unit: float) -> None:
    table = table_of(text, 0.0, 2 * unit**2)
    assert table is not None
    for mean, variance in ((0.0, 1.0), (1.9, 1.3), (-1.2, 3.99)):
        mean, variance = mean * unit, variance * unit**2
        assert Table.place(mean, variance) == (table.center, table.unit)
        proved, own = table.moments(mean, variance), moments(text, mean=mean, variance=variance)
        assert proved is not None
        assert own.certified
        assert own.mean is not None
        assert own.variance is not None
        assert own.mean_error is not None
        assert own.variance_error is not None
        assert abs(proved.mean - own.mean) <= proved.mean_error + own.mean_error
        assert abs(proved.variance - own.variance) <= proved.variance_error + own.variance_error
        size = np.hypot(proved.mean, np.sqrt(proved.variance))
        assert proved.mean_error <= 1e-11 * size
        assert proved.variance_error <= 1e-9 * size**2


def test_every_normal_has_a_table_around_it() -> None:
    rng = np.random.default_rng(0)
    for mean, variance in zip(rng.normal(0, 30, 100), np.exp(rng.normal(0, 5, 100)), strict=True):
        center, unit = Table.place(float(mean), float(variance))
        assert unit <= np.sqrt(variance) < 2 * unit
        assert abs(mean - center) <= 2 * unit


def test_errors_hold_where_tails_matter() -> None:
    """exp(x) at a large variance: more and more of it is beyond the panels."""
    for variance in (1.0, 3.9, 12.0):
        table = table_of("exp(x)", 0.0, variance)
        assert table is not None
        proved = table.moments(0.0, variance)
        if proved is not None:
            assert abs(proved.mean - np.exp(variance / 2)) <= proved.mean_error + 1e-15 * proved.mean
            truth = np.exp(2 * variance) - np.exp(variance)
            assert abs(proved.variance - truth) <= proved.variance_error + 1e-15 * truth


@pytest.mark.parametrize("text", ["1/x", "sqrt(abs(x))", "log(x)", "log(abs(x))"])
def test_no_table_of_a_singularity(text: str) -> None:
    assert table_of(text, 0.0, 1.0) is None


def test_none_where_there_is_no_variance() -> None:
    table = table_of("exp(x**2)", 0.0, 1.0)
    assert table is None or table.moments(0.0, 1.0) is None


@pytest.mark.parametrize(("mean", "variance"), [(1.0, 1e-40), (1e300, 1.0), (0.0, 1e-300), (0.0, 1e300)])
def test_normals_that_floats_do_not_resolve(mean: float, variance: float) -> None:
    """Right within the error, or nothing."""
    table = table_of("relu(x)", mean, variance)
    proved = table.moments(mean, variance) if table else None
    own = moments("relu(x)", mean=mean, variance=variance)
    if proved is not None and own.mean is not None and own.mean_error is not None:
        assert not abs(proved.mean - own.mean) > proved.mean_error + own.mean_error
