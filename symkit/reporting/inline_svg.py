"""SVG files as parts of a page."""

from __future__ import annotations

import re
from html import escape

from symkit.reporting.markup import Markup

NAMES = re.compile(r'(?<= id=")|(?<=url\(#)|(?<=href="#)')


def inline(svg: str, name: str, title: str) -> Markup:
    """The `svg` element of a file that matplotlib wrote, as wide as its place.

    Args:
        name: letters and digits; put before every id, so that those of several pictures on a page differ.
        title: what screen readers say.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    opening, rest = body.split(">", 1)
    view = re.search(r'viewBox="([-0-9. ]+)"', opening)
    assert view is not None
    body = NAMES.sub(f"{name}-", rest)
    # The style that is taken out says this of every path; on the page it would be said of everything.
    head = f'<svg viewBox="{view[1]}" role="img" aria-label="{escape(title)}" stroke-linejoin="round" class="picture"'
    xlink = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in body else ""
    return Markup(f"{head}{xlink}>{body.rstrip()}")
