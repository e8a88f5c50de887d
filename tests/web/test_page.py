"""The page in a browser: what it shows is what the session says, and what is clicked is done."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import Browser, downloaded, needs_browser
from labs import lab

import deltarule as dr

pytestmark = [pytest.mark.slow, needs_browser]


@pytest.fixture(autouse=True)
def _no_troubles(chromium: Browser) -> Iterator[None]:
    chromium.troubles.clear()
    yield
    assert chromium.troubles == []


def _number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def _shown(value: float) -> str:
    """Return the beginning of a number as the page writes it."""
    return f"{value:.4f}".replace("-", "\N{MINUS SIGN}")[:-1]


def test_the_numbers_are_those_of_backprop(chromium: Browser, address: str) -> None:
    page = chromium.page(f"{address}#setup=" + '{"data":"parity:3","hidden":"3,3"}')
    page.locator("#picture .hit").nth(20).wait_for(state="attached")
    for _ in range(3):
        page.click("#epoch")
    page.locator("#lanes td:nth-child(3)", has_text="3").wait_for()
    page.fill("#row", "6")
    page.press("#row", "Enter")
    page.locator("#picture .hit").first.wait_for(state="attached")
    data = dr.data.load("parity:3")
    X = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
    net = dr.Network(3, [dr.Dense(3, "sigmoid"), dr.Dense(3, "sigmoid"), dr.Dense(1, "sigmoid")])
    run = dr.train(net, X, data.T, loss="binary_cross_entropy", optimizer=dr.optim.SGD(lr=0.5),
                   batch_size=None, epochs=3, seed=1)  # fmt: skip
    options: dict[str, Any] = {"loss": "binary_cross_entropy"}
    bp = dr.backprop(net, run.theta, X[5:6], data.T[5:6], **options)
    page.locator("#picture title", has_text=f"delta = {_shown(bp.deltas[3][0, 0])}").wait_for(
        state="attached"
    )
    gradients = [net.unpack(bp.gradient)[l - 1]["W"] for l in (1, 2, 3)]
    titles = page.locator("#picture .hit").evaluate_all("e => e.map(h => h.ariaLabel)")
    assert len(titles) == 21
    for title in titles:
        l, j, k = map(int, re.findall(r"w\[(\d),(\d),(\d)\]", title)[0])
        shown = _number(title.rpartition("= ")[2])
        assert shown == pytest.approx(gradients[l - 1][j - 1, k - 1], rel=2e-5, abs=1e-12)
    deltas = page.locator("#picture title").all_text_contents()
    found = [_number(re.findall(r"delta = (\S+)", t)[0]) for t in deltas if "delta" in t]
    np.testing.assert_allclose(found, np.concatenate([d[0] for d in bp.deltas[1:]]), rtol=2e-5)
    layers = page.locator("#layers td:nth-child(3)").all_text_contents()
    mean = [np.abs(d[0]).mean() for d in bp.deltas[1:]]
    np.testing.assert_allclose([_number(text) for text in layers], mean, rtol=1e-2)


def _said(page: Any, name: str) -> float:
    """Return a number of the sentence about the cell under the cursor."""
    found = re.findall(rf"{re.escape(name)} = (\S+)", page.text_content("#hovered"))
    return _number(found[-1])


def test_large_layers_are_heat_maps_by_mouse_and_by_keys(chromium: Browser, address: str) -> None:
    page = chromium.page(
        f"{address}#setup=" + '{"data":"iris","hidden":"100","loss":"cross_entropy"}',
        ready="#picture canvas",
    )
    page.locator("#picture canvas").nth(3).wait_for()
    page.click("#epoch")
    page.locator("#lanes td:nth-child(3)", has_text="1").wait_for()
    from deltarule.web.session import Session
    from deltarule.web.setup import Setup

    lane = Session(Setup(data="iris", hidden="100", loss="cross_entropy")).lanes[0]
    lane.step(1)
    bp = lane.backprop(slice(0, 1))
    W = lane.plan.network.unpack(lane.theta)[0]["W"]
    g = lane.plan.network.unpack(bp.gradient)[0]["W"]
    first = page.locator("#picture canvas").nth(2)
    assert "Layer 1: W, 100 \N{MULTIPLICATION SIGN} 4" in first.get_attribute("aria-label")
    box = first.bounding_box()
    size = box["width"] / 6
    first.hover(position={"x": 3.5 * size, "y": 10.5 * size})
    block = g[20:22, 1]
    assert "w[1, 21\N{EN DASH}22, 2]" in page.text_content("#hovered")
    shown = re.search(r"dE/dw (\S+);", page.text_content("#hovered"))[1]
    assert _number(shown) == pytest.approx(block[np.abs(block).argmax()], rel=1e-4)
    first.click(position={"x": 3.5 * size, "y": 10.5 * size})
    page.locator("#picture button", has_text="All nodes").wait_for()
    page.wait_for_function("document.querySelector('#hovered').textContent.includes('w[1,21,2] =')")
    for key in ("ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert _said(page, "w[1,22,3]") == pytest.approx(W[21, 2], rel=1e-4)
    assert _said(page, "delta[1,22] y[0,3]") == pytest.approx(g[21, 2], rel=1e-4)
    page.keyboard.press("Enter")
    page.wait_for_selector("#formula .katex")
    assert "dE/dw[1,22,3]" in page.text_content("#explanation")
    for _ in range(64):
        page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelector('#hovered').textContent.includes('w[1,86,3] =')")
    assert _said(page, "w[1,86,3]") == pytest.approx(W[85, 2], rel=1e-4)
    page.keyboard.press("Escape")
    page.locator("#picture button", has_text="All nodes").wait_for(state="hidden")


def test_a_node_its_formula_a_rate_and_any_update(chromium: Browser, address: str) -> None:
    page = chromium.page(f"{address}#setup=" + '{"data":"parity:3","hidden":"3,3"}')
    page.locator("#picture .hit").nth(20).wait_for(state="attached")
    node = page.locator("#picture .node").nth(3)
    node.press("Enter")
    page.wait_for_selector("#bend canvas")
    page.locator("#formula .katex").first.wait_for()
    assert "delta[2,1]" in page.text_content("#explanation")
    says = page.text_content("#bend-says")
    told = node.get_attribute("aria-label")
    slope = _number(re.findall(r"f'\(net\) = (\S+)", told)[0])
    assert _number(re.findall(r"f'\(net\) = (\S+),", says)[0]) == pytest.approx(slope, rel=1e-3)
    for stage, words in (("2", "net2,1"), ("5", "δ2,1"), ("7", "δ1,1"[:2])):
        page.evaluate(
            "s => { const e = document.querySelector('#stage'); e.value = s;"
            " e.dispatchEvent(new Event('input')); }",
            stage,
        )
        shown = page.text_content("#stage-formula .katex-html").replace("\u200b", "")
        assert words in re.sub(r"\s", "", shown)
    page.locator("#formula .katex-html", has_text="=").first.wait_for()
    before = page.text_content("#explanation")
    page.click("#update")
    page.wait_for_function(
        "b => document.querySelector('#explanation').textContent !== b", arg=before
    )
    page.locator("#lanes td:nth-child(2)", has_text="1").wait_for()
    delta = re.search(r"delta\[2,1\] = (\S+)", page.text_content("#explanation"))[1]
    told = _number(re.findall(r" delta = (\S+)", node.get_attribute("aria-label"))[0])
    assert _number(delta) == pytest.approx(told, rel=1e-4)
    page.click("#rewind")
    page.locator("#lanes td:nth-child(2)", has_text="0").wait_for()
    page.check("#as-heat")
    page.locator("#picture canvas").nth(5).focus()
    assert "w[1,1,1] = " in page.text_content("#hovered")
    page.uncheck("#as-heat")
    page.locator("#picture .hit").nth(20).wait_for(state="attached")
    page.locator("#predictions .pick").nth(6).press("Enter")
    page.locator("#predictions .pick[aria-pressed=true]", has_text="7").wait_for()
    assert page.input_value("#row") == "7"
    assert page.evaluate("document.activeElement.value") == "6"
    page.fill("#rate", "0.25")
    page.press("#rate", "Enter")
    for _ in range(4):
        page.click("#update")
    page.locator("#lanes td:nth-child(2)", has_text="4").wait_for()
    page.focus("#when")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(50)
    page.locator("#lanes td:nth-child(2)", has_text="1").wait_for()
    page.keyboard.press("End")
    page.locator("#lanes td:nth-child(2)", has_text="4").wait_for()
    page.click("#rewind")
    page.locator("#lanes td:nth-child(2)", has_text="0").wait_for()


def test_a_models_folder_is_opened(chromium: Browser, tmp_path: Path) -> None:
    from deltarule.data import read_table
    from deltarule.models import Recipe, fit, save

    save(fit(read_table("iris"), Recipe(hidden="4", epochs=30, lr=0.02)), tmp_path / "model")
    with lab(str(tmp_path / "model")) as (_, own):
        page = chromium.page(own)
        page.locator("#notes li", has_text="are those of").wait_for(state="attached")
        page.click("#confusion summary")
        assert page.locator("#confusion td").count() == 9
        assert page.text_content("#confusion tbody th") == "setosa"
        before = page.text_content("#lanes td:nth-child(4)")
        page.select_option("[name=weights]", "drawn")
        page.click("#setup button[type=submit]")
        page.wait_for_function(
            "b => document.querySelector('#lanes td:nth-child(4)').textContent !== b", arg=before
        )
        page.close()


def test_ones_own_file_is_dropped_in_and_trained(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = chromium.page(address)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    page.click("#own summary")
    page.set_input_files("#file", tmp_path / "bad.csv")
    page.locator("#said", has_text="bad.csv:3").wait_for()
    rows = "".join(f"{i};{i % 7},5;{'yes' if i % 7 > 3 else 'no'}\n" for i in range(90))
    page.evaluate(
        """text => { const data = new DataTransfer();
        data.items.add(new File([text], "own rows.csv"));
        const options = { dataTransfer: data, cancelable: true };
        document.dispatchEvent(new DragEvent("drop", options)); }""",
        f"a;b;vote\n{rows}",
    )
    page.locator("#notes", has_text="target 'vote': binary").wait_for()
    assert page.input_value("[name=data]") == "own rows.csv"
    page.select_option("[name=target]", "b")
    page.click("#setup button[type=submit]")
    page.locator("#notes", has_text="target 'b': regression").wait_for()
    page.click("#epoch")
    page.locator("#lanes td:nth-child(3)", has_text="1").wait_for()


def test_what_is_refused_does_not_stay_in_its_field(chromium: Browser, address: str) -> None:
    page = chromium.page(address)
    page.fill("[name=hidden]", "3x")
    page.click("#setup button[type=submit]")
    page.locator("#said", has_text="3x").wait_for()
    assert page.input_value("[name=hidden]") == "3"


def test_points_are_drawn_and_trained_on(chromium: Browser, address: str) -> None:
    page = chromium.page(address)
    page.click("#own summary")
    for kind, places in {"blue": [(60, 60), (190, 190)], "orange": [(60, 190), (190, 60)]}.items():
        page.select_option("#draw-kind", kind)
        for x, y in places:
            page.click("#draw", position={"x": x, "y": y})
    page.focus("#draw")
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.locator("#draw-says", has_text="Points: 5").wait_for()
    page.click("#draw-use")
    page.locator("#notes", has_text="5 train").wait_for()
    assert page.locator("#predictions tbody tr").count() == 5


def test_a_mistake_is_planted_watched_and_named(chromium: Browser, address: str) -> None:
    page = chromium.page(address)
    page.locator("#ask").scroll_into_view_if_needed()
    page.locator("#mistake option[value=sign]").wait_for(state="attached")
    page.select_option("#mistake", "sign")
    page.click("#plant")
    page.locator("#lanes tbody tr", has_text="2: sign").wait_for()
    for _ in range(5):
        page.click("#epoch")
    page.locator("#lanes td:nth-child(2)", has_text="5").first.wait_for()
    E = [float(t) for t in page.locator("#lanes td:nth-child(4)").all_text_contents()]
    assert E[1] > E[0]
    page.select_option("#lane", index=1)
    titles = page.locator("#picture .hit").evaluate_all("e => e.map(h => h.ariaLabel)")
    assert all("Lane 1: w " in title for title in titles)
    page.locator("#picture .node").first.focus()
    says = page.text_content("#hovered")
    for name in ("net", "y", "f'", "dE/dy", "delta"):
        assert re.search(rf"Lane 1:.*{name} [+\N{{MINUS SIGN}}]\d", says)
    page.click("#diagnose")
    page.locator("#check-says", has_text="sign in layers 1, 2").wait_for()
    page.click("#check")
    page.locator("#check-says", has_text="wrong").wait_for()
    page.wait_for_selector("#v canvas")
    page.click("#ask")
    page.locator("#quiz-choices button").nth(3).wait_for()
    page.locator("#quiz-rows td", has_text="w[1,2,1]").hover()
    page.locator("#picture .edge.linked").wait_for()
    page.locator("#picture .hit").nth(1).focus()
    page.locator("#quiz-rows tr.linked", has_text="w[1,1,2]").wait_for()
    page.locator("#layers td", has_text="sigmoid").first.hover()
    assert (
        page.locator("#picture .node.linked").count()
        == page.locator("#layers tr.linked").count() * 3
    )
    page.locator("#quiz-choices button").first.click()
    page.locator("#quiz-answer", has_text="deltarule diagnose").wait_for()


def test_the_page_is_taken_along_and_opened_elsewhere(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = chromium.page(address)
    for _ in range(3):
        page.click("#update")
    page.locator("#lanes td:nth-child(2)", has_text="3").wait_for()
    errors = page.text_content("#lanes td:nth-child(4)")
    page.click("#along summary")
    for ending, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        for view in ("network", "curve", "map"):
            page.select_option("#view", view)
            file = downloaded(page, f"#save-{ending}", tmp_path)
            assert file.name == f"{view}.{ending}"
            assert file.read_bytes().startswith(begins)
            assert file.stat().st_size > 1_000
    assert downloaded(page, "[data-export=model]", tmp_path).suffix == ".zip"
    assert downloaded(page, "[data-export=code]", tmp_path).suffix == ".py"
    file = downloaded(page, "[data-export=snapshot]", tmp_path)
    there = chromium.page(file.as_uri(), offline=True)
    there.locator("#snapshot-note", has_text="4 kept updates").wait_for()
    assert there.text_content("#lanes td:nth-child(4)") == errors
    there.click("#back")
    there.locator("#lanes td:nth-child(2)", has_text="2").wait_for()
    there.click("#sweep-back")
    there.locator("#picture .hit").nth(1).press("Enter")
    there.wait_for_selector("#formula .katex")
    there.click("#rewind")
    there.click("#play")
    there.locator("#lanes td:nth-child(2)", has_text="3").wait_for()
    there.select_option("#language", "de")
    there.locator("#snapshot-note", has_text="Aufnahme").wait_for()
    assert not there.is_visible("#setup")


def test_a_lesson_on_a_telephone_in_two_languages_until_the_lab_ends(chromium: Browser) -> None:
    with lab("--lesson", "factor") as (run, own):
        page = chromium.page(own, width=390, height=844)
        page.locator("#lanes tbody tr").nth(1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#picture .hit").nth(1).press("Enter")
        page.wait_for_selector("#formula .katex")
        assert "dE/dw[1,1,2]" in page.text_content("#explanation")
        page.click("#lesson-next")
        page.click("#lesson-next")
        page.wait_for_url("**encoder**")
        page.click("#lesson-next")
        page.select_option("#speed", "0")
        page.click("#play")
        for _ in range(60):
            page.click("#lesson-check")
            page.wait_for_timeout(250)
            if "Done" in page.text_content("#lesson-result"):
                break
        page.click("#play")
        page.locator("#lesson-result", has_text="Done").wait_for()
        updates = page.locator("#lanes td:nth-child(2)").all_text_contents()
        assert updates[0] == updates[1]
        page.select_option("#language", "de")
        page.locator("#lesson-title", has_text="Der Faktor").wait_for()
        page.click("#rewind")
        page.click("#lesson-check")
        page.locator("#lesson-result", has_text="Bahn 1 gelöst, Bahn 2 gelöst").wait_for()
        assert page.text_content("#lesson option") == "keine"
        run.send_signal(signal.SIGINT)
        page.locator("#said", has_text="Das Labor ist zu Ende").wait_for()
        assert run.wait(5) == 0
        assert run.stderr is not None
        assert run.stderr.read() == ""


def test_a_notebook_shows_the_page_in_a_frame(chromium: Browser, tmp_path: Path) -> None:
    xor = dr.data.load("xor")
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "sigmoid")])
    thetas = [net.init(seed=k) for k in range(3)]
    cell = dr.lab(net, thetas, xor.X, xor.T)._repr_html_()
    (tmp_path / "notebook.html").write_text(f"<!doctype html><title>cell</title>{cell}", "utf-8")
    context = chromium.chromium.new_context(offline=True)
    page = context.new_page()
    page.on("pageerror", lambda error: chromium.troubles.append(str(error)))
    page.goto((tmp_path / "notebook.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#lanes td:nth-child(2)", has_text="2").wait_for()
    frame.locator("#rewind").click()
    frame.locator("#lanes td:nth-child(2)", has_text="0").wait_for()
    assert frame.locator("#setup").is_hidden()
