"""The pages of the studies that come along: one each, and of the study as it is now."""

from __future__ import annotations

import importlib.util
import re

import pytest
from pages import DOCS

from deltarule.series.studies import SHIPPED as FORECASTS
from deltarule.studies.reading import SHIPPED, read_study

SPEC = importlib.util.spec_from_file_location("make_studies", DOCS / "make_studies.py")
make_studies = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_studies)


@pytest.mark.parametrize("name", [*SHIPPED, *FORECASTS])
def test_the_page_is_of_the_study_as_it_is(name):
    """`make studies` writes it anew; a full run takes minutes, so a test cannot."""
    text = (DOCS / "studies" / f"{name}.md").read_text(encoding="utf-8")
    written = re.search(rf"from {name}\.toml (\w+) -->", text)[1]
    assert written == make_studies.digest(name)
    assert (DOCS / "studies" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [*SHIPPED, *FORECASTS])
def test_the_page_is_listed(name):
    assert f"\nstudies/{name}\n" in (DOCS / "studies.md").read_text(encoding="utf-8")


def test_a_page_says_what_its_results_say(tmp_path):
    study = read_study("encoder-1988", seeds=12)
    results = study.run(workers=1)
    text = make_studies.page("encoder-1988", results)
    for sentence in results.answers():
        assert make_studies.escaped(sentence) in text
    assert text.count("\n| ") == 1 + 1 + len(study.cells)
