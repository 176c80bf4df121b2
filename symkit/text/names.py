"""Spellings: Greek letters, sub- and superscripts, inputs and constants."""

from __future__ import annotations

import math
import re
import unicodedata

GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "eps",
    "ϵ": "eps",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ϑ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "ο": "omicron",
    "π": "pi",
    "ρ": "rho",
    "ϱ": "rho",
    "ς": "sigma",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "ϕ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Α": "Alpha",
    "Β": "Beta",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Ε": "Epsilon",
    "Ζ": "Zeta",
    "Η": "Eta",
    "Θ": "Theta",
    "Ι": "Iota",
    "Κ": "Kappa",
    "Λ": "Lambda",
    "Μ": "Mu",
    "Ν": "Nu",
    "Ξ": "Xi",
    "Ο": "Omicron",
    "Π": "Pi",
    "Ρ": "Rho",
    "Σ": "Sigma",
    "Τ": "Tau",
    "Υ": "Upsilon",
    "Φ": "Phi",
    "Χ": "Chi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
GREEK_NAMES = frozenset(GREEK.values()) | {"epsilon"}

SUBSCRIPTS = {ord(s): str(d) for d, s in enumerate("₀₁₂₃₄₅₆₇₈₉")}
SUPERSCRIPTS = {ord(s): str(d) for d, s in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {ord("⁻"): "-", ord("⁺"): ""}

SYMBOLS = {
    **dict.fromkeys("\u2010\u2011\u2212\u2013", "-"),  # hyphens, minus, dash
    **dict.fromkeys("\u00b7\u00d7\u2022\u2217\u2219\u22c5\u2062", "*"),  # dots, cross, star, invisible times
    **dict.fromkeys("\u00f7\u2044\u2215", "/"),
    "^": "**",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}
"""Signs that papers use, and the symbols that operator records have for them."""

STYLED_LETTER = re.compile("[\U0001d400-\U0001d7ff]")
"""Bold, italic and other mathematical letters and digits, which text copied out of a PDF is full of."""

FIXED_CONSTANTS = {"pi": math.pi, "e": math.e}
"""Constants that cannot be set; they stay symbols in text."""

SETTABLE_CONSTANTS: dict[str, float | None] = {"C": None, "eps": 1e-7}
"""Constants set by header or call. C, the number of classes, has no default."""

CONSTANTS = frozenset(FIXED_CONSTANTS) | frozenset(SETTABLE_CONSTANTS)

ACTIVATION_INPUT = "x"
LOSS_INPUTS = ("y", "p", "z")
INPUTS = (ACTIVATION_INPUT, *LOSS_INPUTS)

LOSS_SPELLINGS = {"f": "p", "yhat": "p", "y_hat": "p", "y_pred": "p", "y_true": "y"}

KINDS = ("activation", "loss", "plain")
GRANULARITIES = ("layer", "channel", "neuron")

CALL_SPELLINGS = {"sigma": "sigmoid", "Phi": "normal_cdf", "phi": "normal_pdf", "√": "sqrt"}
"""Plain names that are functions only in front of a bracket."""

KEYWORDS = frozenset({"if", "else"})
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INDEXED = re.compile(r"([A-Za-z]+?)(?:_?[0-9]+)?")


def plain_letters(text: str) -> str:
    """Styled mathematical letters as plain ones; no character moves."""
    return STYLED_LETTER.sub(lambda letter: unicodedata.normalize("NFKC", letter[0]), text)


def plain_name(text: str) -> str:
    """`α₁` as `alpha1`, `ŷ` as `yhat`; ASCII names unchanged but for `epsilon`, which is `eps`."""
    if text.isascii():
        return "eps" if text == "epsilon" else text
    text = text.translate(SUBSCRIPTS)
    if text[0] in GREEK:
        return GREEK[text[0]] + text[1:]
    return text.replace("y\u0302", "yhat").replace("\u0177", "yhat")


def is_spellable(name: str) -> bool:
    """Whether the language reads `name` as this very name."""
    return IDENTIFIER.fullmatch(name) is not None and name not in KEYWORDS and plain_name(name) == name


def is_greek(name: str) -> bool:
    """Whether a plain name is that of a Greek letter, with or without an index."""
    match = INDEXED.fullmatch(name)
    return match is not None and match[1] in GREEK_NAMES


def infer_inputs(free: set[str], kind: str | None) -> tuple[str, tuple[str, ...]]:
    """(kind, inputs) of an expression without a header, from its free names."""
    loss = tuple(name for name in LOSS_INPUTS if name in free)
    if kind is None:
        if ACTIVATION_INPUT in free:
            kind = "plain" if loss else "activation"
        else:
            kind = "loss" if loss else "plain"
    if kind == "activation":
        return kind, (ACTIVATION_INPUT,)
    if kind == "loss":
        if "z" not in free:
            return kind, ("y", "p")
        return kind, ("y", "p", "z") if "p" in free else ("y", "z")
    return kind, tuple(name for name in INPUTS if name in free)


def kind_of_header(inputs: tuple[str, ...]) -> str:
    """The kind that a header's inputs imply."""
    if inputs == (ACTIVATION_INPUT,):
        return "activation"
    return "loss" if inputs and set(inputs) <= set(LOSS_INPUTS) else "plain"


def problem_with_inputs(kind: str, inputs: tuple[str, ...]) -> str | None:
    """Why a function of this kind cannot have these inputs, if it cannot."""
    if len(set(inputs)) < len(inputs):
        twice = next(name for name in inputs if inputs.count(name) > 1)
        return f"input {twice} stands twice"
    if kind == "activation" and len(inputs) != 1:
        return f"an activation has one input, not {len(inputs)}"
    if kind == "loss" and not set(inputs) <= set(LOSS_INPUTS):
        return f"a loss has inputs y, p or z, not {', '.join(inputs)}"
    return None
