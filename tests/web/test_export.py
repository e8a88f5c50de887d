"""What is taken along: a model's folder, Python code, the page as a file."""

from __future__ import annotations

import base64
import io
import json
import re
import runpy
import zipfile

import numpy as np
import pytest

import deltarule as dr
from deltarule.web import snapshot
from deltarule.web.session import Session
from deltarule.web.setup import Setup

IRIS = {
    "data": "iris",
    "hidden": "4",
    "batch_size": 32,
    "lanes": [{"optimizer": "adam", "lr": 0.013}],
}


def taken(session: Session, what: str, lane: int = 0) -> tuple[str, bytes]:
    found = session.answer({"do": "export", "what": what, "lane": lane})["export"]
    return found["name"], base64.b64decode(found["base64"])


def test_the_models_folder_is_a_model(tmp_path) -> None:
    session = Session(Setup.read(IRIS))
    session.answer({"do": "step", "n": 10})
    name, data = taken(session, "model")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    model = dr.load(tmp_path / name.removesuffix(".zip"))
    np.testing.assert_array_equal(model.theta, session.lanes[0].theta)
    assert model.predict([[5.1, 3.5, 1.4, 0.2]]).shape == (1,)
    assert model.description["training"]["updates"] == 10


@pytest.mark.parametrize(
    "setup",
    [IRIS, {"lanes": [{"rule": "hidden=constant"}]}, {"data": "moons:80,0.2", "hidden": "none"}],
)
def test_the_code_makes_the_same_network_to_the_same_bits(setup, tmp_path) -> None:
    session = Session(Setup.read(setup))
    session.answer({"do": "step", "by": "epoch", "n": 4})
    name, data = taken(session, "code")
    (tmp_path / name).write_bytes(data)
    found = runpy.run_path(str(tmp_path / name))
    np.testing.assert_array_equal(found["theta"], session.lanes[0].theta)


def test_what_no_code_repeats() -> None:
    session = Session(Setup.read({**IRIS, "lanes": [{}, {"mistake": "sign"}]}))
    with pytest.raises(dr.UsageError, match="mistake"):
        taken(session, "code", lane=1)
    session.answer({"do": "step", "n": 1})
    with pytest.raises(dr.UsageError, match="epoch"):
        taken(session, "code")
    with pytest.raises(dr.UsageError, match="export"):
        session.answer({"do": "export", "what": "everything"})


def test_a_snapshot_has_the_numbers_of_every_kept_update_and_changes_nothing() -> None:
    session = Session(Setup.read({"hidden": "3", "lanes": [{}, {"rule": "hidden=constant"}]}))
    seen = []
    for _ in range(5):
        seen.append([session.view(), session.answer({"do": "look", "row": 2})])
        session.answer({"do": "look", "row": 0})
        session.answer({"do": "step", "n": 3})
    before = json.dumps(session.view())
    recorded = snapshot.recording(session)
    assert json.dumps(session.view()) == before
    assert [frame["step"] for frame in recorded["frames"]] == [0, 3, 6, 9, 12, 15]
    for frame, (first, third) in zip(recorded["frames"], seen, strict=False):
        for k in range(2):
            shown = frame["lanes"][k]
            assert shown["passes"]["0"] == first["lanes"][k]["passes"]
            assert shown["passes"]["2"] == third["lanes"][k]["passes"]
            assert shown["point"] == first["lanes"][k]["point"]


def test_a_large_networks_snapshot_stays_small() -> None:
    session = Session(Setup(data="digits", hidden="64,32", batch_size=64))
    session.answer({"do": "step", "n": 10})
    recorded = snapshot.recording(session)
    assert recorded["frames"][-1]["step"] == 10
    assert len(snapshot.page(recorded)) < 12_000_000


def test_the_page_as_a_file_needs_nothing_from_elsewhere() -> None:
    page = snapshot.page(snapshot.recording(Session()))
    outside = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.S)
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", outside)
    assert "fonts/" not in page
    assert not re.search(r"^(?:import|export) ", page, re.M)


def test_the_pages_modules_fit_into_one() -> None:
    """A name at the top level of one module is in no other."""
    names: list[str] = []
    for path in snapshot._STATIC.glob("*.js"):
        text = path.read_text("utf-8")
        names += re.findall(r"^(?:export )?(?:async )?(?:function|class) (\w+)", text, re.M)
        names += re.findall(r"^(?:export )?(?:const|let) (\w+)", text, re.M)
    assert len(names) > 40
    assert sorted(names) == sorted(set(names))


def test_a_file_cannot_end_the_element_that_its_data_stand_in() -> None:
    session = Session()
    text = "x,</script><b>\n" + "".join(f"{i},{i % 2}\n" for i in range(20))
    data = base64.b64encode(text.encode()).decode()
    session.answer({"do": "file", "name": "a.csv", "data": data})
    session.answer({"do": "setup", "setup": {"data": "a.csv"}})
    page = snapshot.page(snapshot.recording(session))
    assert "</script><b>" not in page
    assert "\\u003c/script>" in page
