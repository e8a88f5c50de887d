"""Pages of the lab in Debian's Chromium; what a console says is kept, and is to be nothing."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CHROMIUM", "Browser", "browser", "downloaded", "needs_browser"]

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome")
     if (found := shutil.which(name))), None,
)  # fmt: skip

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: the page itself was not opened"
)


class Browser:
    """A browser and what its pages' consoles have said."""

    def __init__(self, chromium: Any) -> None:
        self.chromium = chromium
        self.troubles: list[str] = []

    def page(
        self, address: str, width: int = 1280, height: int = 900, ready: str = "#picture svg",
        **options: Any,
    ) -> Any:  # fmt: skip
        """Open a page, and wait for what `ready` selects: in the lab, that its network is drawn."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, **options
        )
        page = context.new_page()
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.goto(address)
        page.wait_for_selector(ready)
        return page


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Give a browser; it is ended."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Browser(chromium)
        chromium.close()


def downloaded(page: Any, selector: str, folder: Path) -> Path:
    """Click, and return the file that comes."""
    with page.expect_download() as coming:
        page.click(selector)
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path
