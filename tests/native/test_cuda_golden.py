"""Kernels are what they were. Where a change is meant, `python tests/native/golden.py` writes the files anew."""

from __future__ import annotations

import pytest
from golden import FOLDER, texts

from symkit.backends.native.cuda_code import ptx
from symkit.backends.native.ptxas import assembled

NAMES = sorted(path.stem for path in FOLDER.glob("*.ll"))


def test_there_are_six_of_them() -> None:
    assert NAMES == sorted(texts())
    assert len(NAMES) == 6


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_the_ones_kept(name: str) -> None:
    assert texts()[name].splitlines() == (FOLDER / f"{name}.ll").read_text().splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_kept_texts_assemble(name: str) -> None:
    (need,) = assembled([ptx((FOLDER / f"{name}.ll").read_text(), "sm_90")], "sm_90")
    assert need.spilled == 0
