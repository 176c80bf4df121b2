"""The operator table: one record an operator. Everything else asks it."""

from symkit.ops.record import Algebra, Builder, Condition, Form, Infix, Operator, Term, lift
from symkit.ops.table import OperatorTable, standard

__all__ = [
    "Algebra",
    "Builder",
    "Condition",
    "Form",
    "Infix",
    "Operator",
    "OperatorTable",
    "Term",
    "lift",
    "standard",
]
