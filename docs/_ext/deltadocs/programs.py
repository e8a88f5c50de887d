"""The table of programs: each with a line that people get wrong, and what `diagnose` says of it."""

from __future__ import annotations

import importlib.util
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType

import deltarule as dr
from deltadocs.markdown import markdown_table

__all__ = ["table"]

_PLACE = Path(__file__).parents[3] / "tests" / "check" / "adapter"


def mistakes() -> list[dict[str, str]]:
    """Return what is made wrong in which program."""
    text = (_PLACE / "mistakes.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["mistake"])


def table() -> str:
    """Return what every program is, what was made wrong in it, and the answer, asked for now."""
    rows, last = [], ""
    for mistake in mistakes():
        name = mistake["program"]
        text = (_PLACE / "programs" / f"{name}.py").read_text(encoding="utf-8")
        found = dr.diagnose(_module(text.replace(mistake["old"], mistake["new"]), name))
        answers = [f"`{m.title}`" for m in found.candidates or found.mistakes]
        style = text.partition('"""')[2].partition('"""')[0] if name != last else ""
        last = name
        rows.append([style, mistake["asked"], found.verdict, " or ".join(answers)])
    return markdown_table(["the program", "what is wrong in it", "verdict", "named"], rows)


def _module(text: str, name: str) -> ModuleType:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module
