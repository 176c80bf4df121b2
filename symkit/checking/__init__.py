"""Proofs and refutations: is a function safe, and does it keep what is required of it."""

from symkit.checking.enforce import enforce
from symkit.checking.protect import protect, unprotected
from symkit.checking.verdict import Verdict

__all__ = ["Verdict", "enforce", "protect", "unprotected"]
