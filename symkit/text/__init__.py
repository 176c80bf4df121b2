"""Text and Expressions: parse, print, LaTeX, define."""

from symkit.text.define import define
from symkit.text.expression import Expression, Parameter
from symkit.text.latex import to_latex
from symkit.text.parse import parse
from symkit.text.printer import program_text, to_text

__all__ = ["Expression", "Parameter", "define", "parse", "program_text", "to_latex", "to_text"]
