"""Numbers on the command line that ask for more than there is: exit 6, with both figures."""

from __future__ import annotations

from pathlib import Path

import pytest

CODE = """
def f(x):
    return float((x**2).sum())

def gradient(x):
    return 2 * x

def g(theta, X, T):
    return theta * 0

x = [1.0, 2.0]
"""
WIDE = ("--network", "3-99999999-1")


@pytest.mark.parametrize(
    ("arguments", "what", "needed"),
    [
        (
            ("train", "digits", "--hidden", "99999999"),
            "train: 7,499,999,935 parameters",
            "330.0 GB",
        ),
        (("explain", *WIDE, "--input", "1,2,3", "--target", "1"), "--network 3-99", "16.0 GB"),
        (("diagnose", "user.py:g", *WIDE), "--network: 499,999,996 parameters", "88.0 GB"),
        (
            ("diagnose", "user.py:g", "--network", "3-4-1", "--rows", "1000000000"),
            "--rows: 1,000,000,000 random rows",
            "64.0 GB",
        ),
        (("check", "user.py:f", "--directions", "30000000"), "", ""),
    ],
)
def test_refused_with_the_estimate_and_the_limit(cli, monkeypatch, arguments, what, needed):
    class Memory:
        available = 10**9

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    Path("user.py").write_text(CODE)
    done = cli(*arguments)
    assert done.exit_code == 6, done.output
    if what:
        assert f"error: {what}" in done.stderr
        assert f"needs about {needed} of memory and 1.0 GB are free" in done.stderr
    else:
        assert "would take" in done.stderr
        assert "a check may take 10 min" in done.stderr
    assert [p.name for p in Path().iterdir() if p.name != "user.py"] == []


@pytest.mark.parametrize("nodes", ["9" * 20, "9" * 5000])
def test_a_number_of_nodes_that_is_no_size(cli, nodes):
    assert cli("train", "digits", "--hidden", nodes).exit_code == 2
    assert cli("explain", "--network", f"3-{nodes}-1").exit_code == 2
    assert cli("diagnose", "user.py:g", "--network", f"3-{nodes}-1").exit_code == 2
