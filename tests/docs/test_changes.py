"""Fragments of changes become lines of the changelog's newest section."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltadocs.changes import fold, fragments


def test_fragments_go_to_the_end_of_the_newest_section(tmp_path: Path) -> None:
    log, folder = tmp_path / "CHANGELOG.md", tmp_path / "changes"
    folder.mkdir()
    log.write_text(
        "# Changelog\n\n## 0.2.0 (unreleased)\n\n- One.\n\n## 0.1.0\n\n- Old.\n", "utf-8"
    )
    for name, text in {
        "b": "- Three.\n",
        "a": "- Two,\n  in full.\n",
        "README": "What it is.",
    }.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    assert fold(log, folder) == 2
    assert log.read_text("utf-8") == (
        "# Changelog\n\n## 0.2.0 (unreleased)\n\n- One.\n- Two,\n  in full.\n- Three.\n\n"
        "## 0.1.0\n\n- Old.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    before = log.read_text("utf-8")
    assert (fold(log, folder), log.read_text("utf-8")) == (0, before)


def test_a_fragment_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "new.md").write_text("What is new.", "utf-8")
    with pytest.raises(ValueError, match=r"new\.md: a fragment is a list"):
        fragments(tmp_path)


def test_those_of_the_project_are_lists() -> None:
    fragments()
