"""A lab and a browser, once for every module that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsers import Browser, browser
from labs import lab


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with lab() as (_, found):
        yield found
