"""A small Sphinx extension: everything that is written from the code, before the pages are read.

generated/parts/<page>.md     tables and sections that the registry pages include
generated/<page>.svg          pictures
generated/*.png               pictures that the pages' own examples draw
generated/api-*.md            the API pages, from `deltarule.__all__`
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltadocs import (
    api,
    changes,
    commands,
    examples,
    failures,
    memory,
    plots,
    programs,
    rooms,
    rooms_picture,
    run_keys,
    tables,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["parts", "setup", "write"]


def parts() -> dict[str, Callable[[], str]]:
    """Return every generated part by name, as a function that makes it."""
    found = {**tables.PAGES, "slots": tables.slots}
    for page in tables.PAGES:
        found[f"{page}-classes"] = lambda page=page: tables.classes(page)  # type: ignore[misc]
    others = {
        "changes": lambda: "\n".join(changes.fragments().values()),
        "command-line": commands.page,
        "errors": failures.table,
        "programs": programs.table,
        "rooms": rooms.table,
        "rooms-figures": rooms_picture.figures,
        "elsewhere": tables.elsewhere,
        "run-keys": run_keys.table,
    }
    return {**found, **others}


def write(folder: Path) -> None:
    """Write all parts and pictures under `folder`; a file that would not change is left alone."""
    for name, make in parts().items():
        _write(folder / "parts" / f"{name}.md", make())
    for name, text in api.pages().items():
        _write(folder / f"{name}.md", text)
    for name, draw in (plots.PAGES | {"memory-in-time": memory.draw}).items():
        draw(folder / f"{name}.svg")
    rooms_picture.draw(folder / "rooms.svg")
    for page in examples.PICTURES:
        examples.draw(page, folder)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text + "\n":
        path.write_text(text + "\n", encoding="utf-8")


def _builder_inited(app: Sphinx) -> None:
    write(Path(app.srcdir) / "generated")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write before the first page is read."""
    app.connect("builder-inited", _builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
