"""Trees of members, what differs between two, and whether counts are as even as they should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scipy.stats import chisquare

from symkit.spaces.space import Space
from symkit.spaces.trees import Tree, program, walk
from symkit.text import Expression, parse


def tree_of(space: Space, text: str | Expression) -> Tree:
    e = parse(text, kind=space.kind) if isinstance(text, str) else text
    tree = space.algorithm.read(e.program)
    assert tree is not None, f"{e} is no member of {space}"
    return tree


def expression_of(space: Space, tree: Tree) -> Expression:
    return Expression(program(tree), space.kind, space.inputs)


def shape(tree: Tree) -> tuple[int, ...]:
    return tuple(len(node.children) for node in walk(tree))


def differing(a: Tree, b: Tree) -> list[int]:
    """Where two trees of one shape have different forms, in the order of `walk`."""
    assert shape(a) == shape(b)
    pairs = zip(walk(a), walk(b), strict=True)
    return [place for place, (one, other) in enumerate(pairs) if one.form is not other.form]


def plain(tree: Tree) -> Tree:
    """The tree without its weights."""
    return Tree(tree.form, tuple(map(plain, tree.children)))


def is_even(counts: Mapping[object, int], expected: Sequence[float], keys: Sequence[object]) -> bool:
    """Whether counts look drawn with these chances; false for one true set of chances in ten thousand."""
    assert set(counts) <= set(keys)
    observed = [counts.get(key, 0) for key in keys]
    total = sum(observed)
    return bool(chisquare(observed, [share * total for share in expected]).pvalue > 1e-4)
