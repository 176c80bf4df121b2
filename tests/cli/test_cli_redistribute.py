"""`symkit redistribute`."""

from __future__ import annotations

import pytest
from commands import Command

from symkit import zoo
from symkit.analysis.losses import redistribution
from symkit.zoo.named import named_loss

FOCUS = "(1 - p)**gamma"

SETTINGS: list[tuple[str, dict[str, str]]] = [
    ("lsr", {}),
    ("lsr(0.2, C = 3)", {}),
    ("-y*log(p)", {"smoothing": "0.1"}),
    ("focal", {"smoothing": "xi = 0.2", "reflect": FOCUS}),
    ("ce", {}),
]


@pytest.mark.parametrize(("loss", "settings"), SETTINGS)
def test_json(symkit: Command, loss: str, settings: dict[str, str]) -> None:
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    done = symkit("redistribute", loss, *options, "--timeout", "60", "--json")
    assert (done.code, done.err) == (0, "")
    found = redistribution(named_loss(loss), timeout=60, **settings)
    verdicts = {
        name: {"status": verdict.status, "reason": verdict.reason, "witness": verdict.witness}
        for name, verdict in (
            ("total", found.total),
            ("kept", found.kept),
            ("kept_everywhere", found.kept_everywhere),
        )
    }
    assert done.json == {
        "text": str(found.expression),
        "original": str(found.original),
        "other": str(found.other),
        "share": str(found.share),
        **verdicts,
        "error": found.error,
        "reason": found.reason,
    }


def test_it_prints_a_card(symkit: Command) -> None:
    assert symkit("redistribute", "lsr", "--timeout", "60").out.splitlines() == [
        str(zoo["sparselsr"]),
        f"was                {zoo['lsr']}",
        "each other output  -(xi/C*log(p))",
        "all of them, now   -(xi*(C - 1)/C*log((1 - p)/(C - 1)))",
        "is the sum         proved: SymPy finds that their difference is 0",
        "dL/dz kept",
        "  others equal     proved: SymPy finds that their difference is 0",
        "  any others       proved: p*dl(0, p)/dp is the same for every p, so it does not matter how the others share "
        "what is left",
        "value              no more than it was: l(0, p) is convex for 0 < p < 1 and xi = 0.1: its mean is no less "
        "than its value at the mean",
    ]


def test_a_sparse_loss_is_said_to_be_one(symkit: Command) -> None:
    assert symkit("redistribute", "focal").out.splitlines() == [
        str(zoo["focal"]),
        "was  the same: the loss is sparse, for l(0, p) is 0",
    ]


@pytest.mark.parametrize(
    ("loss", "said"),
    [("abs(y - p)", "exact: "), ("sqrt(abs(y - p))", "no less than it was: "), ("(y - p)**2", "no more than it was: ")],
)
def test_which_way_it_errs(symkit: Command, loss: str, said: str) -> None:
    (line,) = [line for line in symkit("redistribute", loss).out.splitlines() if line.startswith("value")]
    assert line.split("  ", 1)[1].strip().startswith(said)


def test_a_formula_from_standard_input(symkit: Command) -> None:
    assert symkit("redistribute", "-", stdin="(y - p)**2\n").out.startswith("y*((1 - p)**2 + (1 - p)**2/(C - 1))\n")


BAD = [
    (["redistribute"], "EXPR"),
    (["redistribute", "y*log(p"], "line 1, column"),
    (["redistribute", "lsrr"], "is of kind plain"),
    (["redistribute", "mish"], "kind activation"),
    (["redistribute", "bce_logits"], "do not sum to 1"),
    (["redistribute", "-y*log(p)", "--smoothing", "2"], "above 0 and below 1"),
    (["redistribute", "-y*log(p)", "--smoothing", "a b"], "'a b' is neither a number nor a name"),
    (["redistribute", "focal", "--reflect", "(1 - p)**2"], "no term (1 - p)**2"),
    (["redistribute", "focal", "--reflect", "(1 - p"], "line 1, column"),
    (["redistribute", "lsr", "--timeout", "0"], "positive number of seconds"),
    (["redistribute", "lsr", "--timeout", "soon"], "valid number"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input(symkit: Command, arguments: list[str], said: str, as_json: bool) -> None:
    done = symkit(*arguments, *(["--json"] if as_json else []))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
