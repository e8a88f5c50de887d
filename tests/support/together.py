"""Many small cases in one test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest


def together(names: str | tuple[str, ...], values: Sequence[Any], at_once: int = 25) -> Any:
    """Return a decorator as `pytest.mark.parametrize`, with `at_once` values in one test.

    For cases of a millisecond, over which pytest itself takes several. The first case that fails
    ends its test, and a note says which one it was. Fixtures are those of the test.
    """
    names = (names,) if isinstance(names, str) else names
    cases = [(v,) if len(names) == 1 else tuple(v) for v in values]
    parts = [cases[i : i + at_once] for i in range(0, len(cases), at_once)]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def every(cases_of_this_test: Sequence[Any], **given: Any) -> None:
            for case in cases_of_this_test:
                try:
                    test(**dict(zip(names, case, strict=True)), **given)
                except BaseException as error:
                    error.add_note(f"with {', '.join(names)} = {', '.join(map(repr, case))}")
                    raise

        others = [p for p in inspect.signature(test).parameters.values() if p.name not in names]
        own = inspect.Parameter("cases_of_this_test", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        every.__signature__ = inspect.Signature([own, *others])  # type: ignore[attr-defined]
        ids = [f"{i * at_once}.." for i in range(len(parts))]
        return pytest.mark.parametrize("cases_of_this_test", parts, ids=ids)(every)

    return decorate
