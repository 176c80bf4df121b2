"""Spellings: Greek letters, sub- and superscripts, inputs and constants."""

from __future__ import annotations

import math

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
    "ν": "nu",
    "ξ": "xi",
    "ο": "omicron",
    "π": "pi",
    "ρ": "rho",
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

FIXED_CONSTANTS = {"pi": math.pi, "e": math.e}
"""Constants that cannot be set; they stay symbols in text."""

SETTABLE_CONSTANTS: dict[str, float | None] = {"C": None, "eps": 1e-7}
"""Constants set by header or call. C, the number of classes, has no default."""

CONSTANTS = frozenset(FIXED_CONSTANTS) | frozenset(SETTABLE_CONSTANTS)

ACTIVATION_INPUT = "x"
LOSS_INPUTS = ("y", "p", "z")
INPUTS = (ACTIVATION_INPUT, *LOSS_INPUTS)

LOSS_SPELLINGS = {"f": "p", "yhat": "p", "y_hat": "p", "y_pred": "p", "ŷ": "p", "y_true": "y"}

KINDS = ("activation", "loss", "plain")
GRANULARITIES = ("layer", "channel", "neuron")

CALL_SPELLINGS = {"σ": "sigmoid", "ς": "sigmoid", "sigma": "sigmoid", "√": "sqrt"}
"""Spellings that are functions only in front of a bracket."""


def plain_name(text: str) -> str:
    """`α₁` as `alpha1`; ASCII names unchanged but for `epsilon`, which is `eps`."""
    text = text.translate(SUBSCRIPTS)
    if text and text[0] in GREEK:
        text = GREEK[text[0]] + text[1:]
    elif text.replace("\u0302", "") == "y" and text != "y":
        return "ŷ"
    return "eps" if text == "epsilon" else text


def is_greek(text: str) -> bool:
    """Whether a name is a Greek letter, or the name of one, with or without an index."""
    return plain_name(text).rstrip("0123456789") in GREEK_NAMES or text in GREEK_NAMES


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
