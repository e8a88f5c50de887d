"""How quickly the lab's page is drawn, steps and plays, in a real browser.

    PYTHONPATH=tests/support python benchmarks/lab_speed.py [SECONDS OF PLAY]

Needs Chromium, and playwright. Medians of five where a number is not a mean over a time.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlencode

import psutil
from browsers import browser
from labs import lab

_STEPPED = """async () => {
  const first = () => document.querySelector("#lanes td:nth-child(2)").textContent;
  const before = first(), began = performance.now();
  document.querySelector("#update").click();
  while (first() === before) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""

_FRAMES = """async (seconds) => {
  const updates = () => Number(document.querySelector("#lanes td:nth-child(2)").textContent);
  let frames = 0, pictures = 0, last = updates();
  const began = performance.now(), first = last;
  while (performance.now() - began < 1000 * seconds) {
    await new Promise(requestAnimationFrame);
    frames++;
    if (updates() !== last) pictures++;
    last = updates();
  }
  const took = (performance.now() - began) / 1000;
  return [frames / took, pictures / took, (last - first) / took];
}"""


def _work(pid: int) -> float:
    """Return the seconds of processor that a process and its children have taken."""
    mine = psutil.Process(pid)
    times = [one.cpu_times() for one in (mine, *mine.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def _opened(chromium: Any) -> tuple[float, float]:
    """Return the seconds from the command to the drawn network, and the lab's own work in them."""
    began = time.perf_counter()
    with lab() as (run, address):
        page = chromium.page(address)
        took, work = time.perf_counter() - began, _work(run.pid)
        page.close()
    return took, work


def _with(address: str, setup: dict[str, Any]) -> str:
    return f"{address}#{urlencode({'setup': json.dumps(setup)})}"


def _metrics(session: Any) -> dict[str, float]:
    found = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in found}


def main(seconds: float) -> None:
    """Print a row for each measurement; the work is what it is on a busy machine, too."""
    with browser() as chromium:
        _opened(chromium)
        opened = sorted(_opened(chromium) for _ in range(5))
        took, work = (statistics.median(values) for values in zip(*opened, strict=True))
        print(f"command to drawn page: {took:.2f} s, of which the lab works {work:.2f} s")
        with lab() as (run, address):
            page = chromium.page(_with(address, {"data": "digits", "hidden": "32"}))
            page.locator("#picture .edge").nth(2000).wait_for(state="attached")
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            before, began = _work(run.pid), _metrics(session)
            steps = [page.evaluate(_STEPPED) for _ in range(11)]
            work = (_work(run.pid) - before) / 11 * 1000
            drawn = (_metrics(session)["TaskDuration"] - began["TaskDuration"]) / 11 * 1000
            print(
                f"step to picture, 64-32-10: {statistics.median(steps):.0f} ms, of which the lab "
                f"works {work:.0f} ms and the page's main thread {drawn:.0f} ms"
            )
            page.close()
            setup = {"data": "parity:3", "hidden": "3,3"}
            page = chromium.page(_with(address, setup))
            page.wait_for_timeout(500)
            page.select_option("#speed", "0")
            page.click("#play")
            page.wait_for_timeout(3_000)  # compiled, and at its pace
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            sessions = psutil.Process(run.pid).children(recursive=True)
            heap: list[float] = []
            resident: list[float] = []
            rounds = max(2, round(seconds / 5))
            for _ in range(rounds):
                before = _metrics(session)
                frames, pictures, updates = page.evaluate(_FRAMES, 5)
                after = _metrics(session)
                busy = (after["TaskDuration"] - before["TaskDuration"]) / (5 * frames) * 1000
                session.send("HeapProfiler.collectGarbage")
                heap.append(_metrics(session)["JSHeapUsedSize"] / 2**20)
                resident.append(max(p.memory_info().rss for p in sessions) / 2**20)
                print(
                    f"play, 3-3-3-1: {frames:.0f} frames/s, {pictures:.0f} pictures/s, "
                    f"{updates:,.0f} updates/s, main thread {busy:.1f} ms a frame, heap "
                    f"{heap[-1]:.1f} MiB, session {resident[-1]:.0f} MiB"
                )
            print(f"heap {heap[0]:.1f} to {heap[-1]:.1f} MiB, session {resident[0]:.0f} to "
                  f"{resident[-1]:.0f} MiB, over {5 * rounds} s of play")  # fmt: skip


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
