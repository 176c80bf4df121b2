"""Proofs and refutations: is a function safe, and does it keep what is required of it."""

from symkit.checking.checker import check
from symkit.checking.enforce import enforce
from symkit.checking.protect import protect, unprotected
from symkit.checking.report import CheckReport, ClassificationReport
from symkit.checking.verdict import Verdict

__all__ = ["CheckReport", "ClassificationReport", "Verdict", "check", "enforce", "protect", "unprotected"]
