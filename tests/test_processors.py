"""How many processors a process may use: control groups of both versions, and affinity."""

from __future__ import annotations

import math

import pytest

from deltarule.core import machine


@pytest.fixture
def system(tmp_path):
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


V1 = "sys/fs/cgroup/cpu/"
CASES = {
    "none": ({}, math.inf),
    "v2": ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5),
    "v2, around": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/a/cpu.max": "50000 25000\n",
        },
        2.0,
    ),
    "v2, container": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"},
        3.0,
    ),
    "v2, max": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, math.inf),
    "v1": (
        {
            "proc/self/cgroup": "5:cpuset:/x\n4:cpu,cpuacct:/a\n",
            V1 + "a/cpu.cfs_quota_us": "250000\n",
            V1 + "a/cpu.cfs_period_us": "100000\n",
        },
        2.5,
    ),
    "v1, container": (
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/docker/123\n",
            V1 + "cpu.cfs_quota_us": "100000\n",
            V1 + "cpu.cfs_period_us": "100000\n",
        },
        1.0,
    ),
    "v1, no quota": (
        {
            "proc/self/cgroup": "4:cpu:/\n",
            V1 + "cpu.cfs_quota_us": "-1\n",
            V1 + "cpu.cfs_period_us": "100000\n",
        },
        math.inf,
    ),
    "damaged": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "x\n"}, math.inf),
}


@pytest.mark.parametrize("name", CASES)
def test_the_quota(system, name):
    files, expected = CASES[name]
    assert machine.quota(system(files)) == expected


@pytest.mark.parametrize(
    ("granted", "expected"), [(0.2, 1), (1.0, 1), (1.5, 2), (3.0, 3), (math.inf, 4)]
)
def test_the_smaller_of_affinity_and_quota_counts(monkeypatch, granted, expected):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setattr(machine, "quota", lambda: granted)
    assert machine.cores() == expected
