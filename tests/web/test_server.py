"""The lab as a process: its address, its end, its errors; and, with a browser, its page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from labs import lab

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_within_a_second(number: int) -> None:
    with lab() as (run, address):
        with urllib.request.urlopen(address, timeout=20) as page:
            assert b"deltarule lab" in page.read()
        began = time.monotonic()
        run.send_signal(number)
        run.wait(5)
        assert time.monotonic() - began < 2
        assert "Traceback" not in run.stderr.read()


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "deltarule", "lab", "--no-browser", "--port", port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 6
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--lesson", "xorr"], 2, "xor"),
        (["missing.csv"], 3, "missing.csv"),
        (["--hidden", "4000,4000"], 2, "parameters"),
        (["--hidden", "x"], 2, "hidden"),
        (["iris", "--target", "nothing"], 3, "nothing"),
    ],
)
def test_what_cannot_be_is_said_before_a_page_opens(words: list[str], code: int, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deltarule", "lab", "--no-browser", *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert says in done.stderr
    assert done.returncode == code


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page itself was not opened")
def test_the_page_in_a_browser() -> None:
    """Numbers on the page are those of the session; the lesson on the factor can be done."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with lab() as (run, address), sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#picture svg")
        for _ in range(3):
            page.click("#epoch")
        page.locator("#lanes td:nth-child(3)", has_text="3").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator("#picture .hit").nth(1).press("Enter")
        page.wait_for_selector("#formula .katex")
        assert "dE/dw[1,1,2]" in page.text_content("#explanation")
        page.select_option("#lesson", "factor")
        page.locator("#lanes tbody tr").nth(1).wait_for()
        page.click("#lesson-next")
        page.click("#lesson-next")
        page.wait_for_url("**encoder**")
        page.click("#lesson-next")
        page.select_option("#speed", "0")
        page.click("#play")
        page.wait_for_timeout(4_000)
        page.click("#play")
        page.click("#lesson-check")
        page.locator("#lesson-result", has_text="Done").wait_for()
        page.select_option("#language", "de")
        page.click("#rewind")
        page.click("#lesson-check")
        page.locator("#lesson-result", has_text="Bahn 1 gelöst, Bahn 2 gelöst").wait_for()
        assert page.text_content("#lesson option") == "keine"
        page.select_option("#lesson", "overfitting")
        page.locator("#picture .hit").nth(1000).wait_for(state="attached")
        assert page.locator("#picture .hit[tabindex='0']").count() == 200
        assert troubles == []
        run.send_signal(signal.SIGINT)
        page.locator("#said", has_text="Das Labor ist zu Ende").wait_for()
        run.wait(5)
        assert run.stderr is not None
        assert "ERROR" not in run.stderr.read()
        browser.close()
