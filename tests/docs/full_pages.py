"""`make docs-test`: every page at the width of a phone and of a screen, by axe-core; and search.

The pages are those that `make docs` has built; DOCS_HTML names another folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import Browser, browser
from pages import DOCS

HTML = Path(os.environ.get("DOCS_HTML", DOCS / "_build" / "html"))
PAGES = sorted(p for p in HTML.rglob("*.html") if "_static" not in p.parts)
WIDTHS = (390, 1280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_the_pages_are_built() -> None:
    assert len(PAGES) > 40, f"{HTML}: build the pages first (make docs)"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HTML).as_posix())
def test_a_page(page: Path, width: int, chromium: Browser) -> None:
    """Nothing runs out of it, and axe finds nothing."""
    from axe_playwright_python.sync_playwright import Axe  # this file is imported by `make test`

    shown: Any = chromium.page(page.as_uri(), width=width, ready="article")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(shown)
    assert found.violations_count == 0, found.generate_report()
    shown.context.close()


@pytest.mark.parametrize("words", ["softmax", "learning rate", "vanishing", "gradient check"])
def test_search_finds(words: str, chromium: Browser) -> None:
    page: Any = chromium.page(f"{(HTML / 'search.html').as_uri()}?q={words.replace(' ', '+')}",
                               ready="article")  # fmt: skip
    page.locator("#search-results li a").first.wait_for(timeout=10_000)
