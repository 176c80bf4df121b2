"""What a question about a function is answered with: proved, refuted with a witness, or unknown. Never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """An answer, and what makes it so.

    Attributes:
        status: "proved", "refuted" or "unknown".
        reason: one sentence: how it was proved, what the witness shows, or why neither could be had.
        witness: input values that anyone can evaluate; None where the answer is no single point.
    """

    status: Status
    reason: str
    witness: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if self.witness is not None:
            object.__setattr__(self, "witness", dict(self.witness))

    @property
    def is_proved(self) -> bool:
        return self.status == "proved"

    @property
    def is_refuted(self) -> bool:
        return self.status == "refuted"


def proved(reason: str, witness: Mapping[str, float] | None = None) -> Verdict:
    return Verdict("proved", reason, witness)


def refuted(reason: str, witness: Mapping[str, float] | None = None) -> Verdict:
    return Verdict("refuted", reason, witness)


def unknown(reason: str) -> Verdict:
    return Verdict("unknown", reason)
