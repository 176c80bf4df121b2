"""Pages: whole, safe, the same again, and saying what is true of the function."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import symkit
from symkit import report, zoo
from symkit.errors import DomainError, Unsupported
from symkit.reporting import canvas
from symkit.reporting.inline_svg import inline
from symkit.reporting.markup import Markup, element, facts, table
from symkit.reporting.numbers import error, interval, listed, number

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Tags, attributes and text of a page; complains of tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data.strip())

    @property
    def text(self) -> str:
        return "|".join(part for part in self.parts if part)


def written(folder: Path, e: Any, **settings: Any) -> Reader:
    found = report(e, folder / "page.html", **settings)
    return Reader(found.path.read_text(encoding="utf-8"))


def after(page: Reader, label: str) -> str:
    """What stands next to a label."""
    cells = page.text.split("|")
    return cells[cells.index(label) + 1]


def test_numbers_of_relu(tmp_path: Path) -> None:
    page = written(tmp_path, "relu(x)")
    assert float(after(page, "mean E[f]")) == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-6)
    assert float(after(page, "variance Var f")) == pytest.approx(0.5 - 0.5 / math.pi, abs=1e-6)
    assert after(page, "gradient's gain E[f′²]") == "0.5"
    assert after(page, "weights").startswith("variance 2/width")
    assert after(page, "phase") == "edge of chaos"
    assert after(page, "range").startswith("[0, ∞)")
    assert after(page, "Lipschitz constant").startswith("1")
    assert after(page, "known as") == "relu"
    assert "50 %" in page.text
    assert after(page, "closure") == "✓ proved"


def test_the_input_and_the_parameters_are_those_given(tmp_path: Path) -> None:
    page = written(tmp_path, "alpha*x + 1", mean=2.0, variance=9.0, parameters={"alpha": 0.5})
    assert after(page, "mean E[f]") == "2"
    assert after(page, "variance Var f") == "2.25"
    assert after(page, "parameters") == "alpha = 0.5"
    assert "mean 2 and variance 9" in page.text


def test_a_number_that_does_not_exist_has_a_reason(tmp_path: Path) -> None:
    page = written(tmp_path, "1/x")
    cells = page.text.split("|")
    at = cells.index("mean E[f]")
    assert cells[at + 1 : at + 3] == ["–", "–"]
    assert cells[at + 3].startswith("No mean: ")
    assert after(page, "closure") == "✗ refuted"
    assert not re.search(r"\b(?:nan|inf|None)\b", page.text)


def test_numbers_of_a_loss(tmp_path: Path) -> None:
    page = written(tmp_path, "-y*log(p)", against="squared")
    assert after(page, "of the target") == "1/p"
    # How short a form is found depends on the time there is.
    assert symkit.evaluate(after(page, "dL/dz, softmax"), p=0.25) == pytest.approx(-0.75)
    assert after(page, "known as").startswith("ce")
    assert "Compared" in page.text
    assert "(y - p)**2" in page.text


def test_several_are_compared(tmp_path: Path) -> None:
    steps: list[None] = []
    functions = ["relu(x)", "tanh(x)"]
    found = report(functions, str(tmp_path / "page.htm"), against="swish", progress=lambda: steps.append(None))
    assert found.path == tmp_path / "page.htm"
    assert found.texts == ("relu(x)", "tanh(x)")
    assert {"The function", "Shape", "Is it safe"} <= set(found.sections)
    assert len(steps) == 3
    source = found.path.read_text(encoding="utf-8")
    page = Reader(source)
    cells = page.text.split("|")
    at = cells.index("range")
    assert cells[at + 1] == "[0, ∞)"
    assert cells[at + 2] == "[−1, 1]"
    assert cells[at + 3].startswith("[−0.278465")
    assert "2 functions compared" in page.text
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} == {"#f1", "#f2"}
    names = re.findall(r'\sid="([^"]+)"', source)
    assert len(names) == len(set(names)) > 20
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', source)) <= set(names)


HOSTILE = [
    "where(x < 1, x, where(x > 3, 0.5*x, 2*x))",
    "f(x; script = 1) = script*x",
    "+".join(f"sin({n}*x)" for n in range(1, 7)),
    "onload*x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=["comparisons", "header", "long", "handler"])
def test_a_page_needs_nothing_and_runs_nothing(tmp_path: Path, text: str) -> None:
    page = written(tmp_path, text)
    assert str(symkit.parse(text)) in "".join(page.parts) or len(text) > 50
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"script", "iframe", "object", "embed", "link", "img", "form", "base", "foreignobject"})
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src", "xlink:href", "action", "data", "srcset"):
                assert value.startswith("#"), (tag, name, value)
            if not name.startswith("xmlns"):
                assert "://" not in value
                assert "javascript:" not in value
    source = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "@import" not in source
    assert not re.search(r"url\((?!#)", source)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_text_is_escaped_wherever_it_stands() -> None:
    bad = "<script>alert('&\"')</script>"
    for made in (
        element("p", bad),
        element("a", "x", href=bad),
        facts([(bad, bad)]),
        table((bad,), [(bad,)], caption=bad),
        inline('<svg viewBox="0 0 1 1"></svg>', "a", bad),
    ):
        assert "<script" not in made
        assert "&lt;script" in made
    assert '"' not in element("a", href=bad).removeprefix('<a href="').removesuffix('"></a>')
    assert element("p", Markup("<b>x</b>")) == "<p><b>x</b></p>"


def test_the_same_bytes_again(tmp_path: Path) -> None:
    first = report("min(abs(x), exp(x))", tmp_path / "a.html").path.read_bytes()
    assert report("min(abs(x), exp(x))", tmp_path / "b.html").path.read_bytes() == first
    for needed in (b"prefers-color-scheme: dark", b"@media print", b'name="viewport"'):
        assert needed in first
    assert not re.search(rb"20\d\d-\d\d-\d\d", first)


def test_a_page_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "page.html"
    target.write_text("before")
    monkeypatch.setattr("symkit.reporting.report.page", lambda *parts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report("x", target)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


@pytest.mark.parametrize(
    ("e", "settings", "said"),
    [
        ("u + v", {}, "activations in x"),
        ([], {}, "nothing"),
        (["x", "y - p"], {}, "do not go together"),
        ("x", {"against": "ce"}, "do not go together"),
        ("x", {"variance": -1.0}, "positive"),
        ("x", {"mean": math.inf}, "not finite"),
        ("x", {"parameters": {"beta": 1.0}}, "no parameter"),
        ([f"{n}*x" for n in range(31)], {}, "too many"),
    ],
)
def test_bad_input(tmp_path: Path, e: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        report(e, tmp_path / "page.html", **settings)
    assert list(tmp_path.iterdir()) == []


def test_bad_places(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"\.html"):
        report("x", tmp_path / "page.pdf")
    with pytest.raises(DomainError, match="cannot be written"):
        report("x", tmp_path / "none" / "page.html")


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r"symkit\[plot\]"):
        report("x", tmp_path / "page.html")


@pytest.mark.parametrize("name", ["focal", "pseudo_huber", "mish"])
def test_functions_of_the_zoo_have_pages(tmp_path: Path, name: str) -> None:
    page = written(tmp_path, zoo[name])
    assert name in after(page, "known as")
    assert "None" not in page.text


def test_numbers_as_they_are_written() -> None:
    assert [number(value) for value in (None, math.nan, math.inf, -math.inf, -0.0, -1.5, 1e-9)] == [
        "–", "–", "∞", "−∞", "0", "−1.5", "1e−09",
    ]  # fmt: skip
    assert [error(value) for value in (None, 0.0, 3.14e-12)] == ["–", "0", "3.1e−12"]
    assert interval(-math.inf, 2.0) == "(−∞, 2]"
    assert listed([]) == "none"
    assert listed([float(n) for n in range(15)]).endswith("11 and 3 more")
