"""Pictures that the pages' own examples draw: a page's code is run, and its PNG files are kept."""

from __future__ import annotations

import doctest
import shutil
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

__all__ = ["PICTURES", "draw"]

DOCS = Path(__file__).parents[2]

PICTURES = {
    "explain": ("saturation.png", "steps.png"),
    "recurrent": ("reach.png",),
    "check": ("v.png", "no-v.png"),
    "forecasting": ("airpassengers.png", "sunspots.png", "why.png"),
}
"""The pictures, by the page that draws them."""


def draw(page: str, folder: Path) -> None:
    """Run the page's examples down to its last picture, and put the pictures into `folder`."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    with TemporaryDirectory() as place, chdir(place), redirect_stdout(StringIO()):
        for example in doctest.DocTestParser().get_examples(text):
            exec(compile(example.source, f"{page}.md", "exec"), names)
            if all(Path(picture).exists() for picture in PICTURES[page]):
                break
        _keep(Path(place), PICTURES[page], folder)


def _keep(place: Path, pictures: tuple[str, ...], folder: Path) -> None:
    """Copy the pictures; one that would not change is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        old = folder / picture
        if not old.exists() or old.read_bytes() != (place / picture).read_bytes():
            shutil.copyfile(place / picture, old)
