"""The README: its Python example runs, its map names every room, its pictures and pages exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs():
    test = doctest.DocTestParser().get_doctest(README, {}, "README", "README.md", 0)
    said: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert results.attempted == 16
    assert not results.failed, "".join(said)


def test_the_map_names_every_room():
    house = ROOT / "src" / "deltarule"
    rooms = {p.name for p in house.iterdir() if (p / "__init__.py").exists()}
    assert rooms == {r for r in re.findall(r"`(\w+)/`", README) if (house / r).is_dir()}


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_named_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in re.findall(r"make ([a-z-]+)", README):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name
