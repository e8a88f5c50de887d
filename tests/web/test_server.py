"""The lab as a process: its address, its end, its errors; and, with a browser, its page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from labs import a_second, lab


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_within_a_second(number: int) -> None:
    with lab() as (run, address):
        with urllib.request.urlopen(address, timeout=20) as page:
            assert b"deltarule lab" in page.read()
        began = time.monotonic()
        run.send_signal(number)
        run.wait(5)
        assert time.monotonic() - began < a_second()
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
        (["/"], 2, "the folder of a model"),
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
