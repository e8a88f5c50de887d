"""What is taken along: a model folder, the Python code that repeats it, the page as a file."""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.errors import UsageError, unknown_name
from deltarule.data.read import name_of

if TYPE_CHECKING:
    from deltarule.web.session import Session


def _file(name: str, data: bytes) -> dict[str, str]:
    return {"name": name, "base64": base64.b64encode(data).decode()}


def model(session: Session, k: int) -> dict[str, str]:
    """Return a lane's model folder, packed: what `deltarule predict` and `show` take."""
    from deltarule.models.fit import measured
    from deltarule.models.folder import HISTORY, WEIGHTS, history_file, weights_file, write_folder
    from deltarule.training import Run

    lane = session.lanes[k]
    plan = lane.plan
    epochs = lane.state.epoch + bool(lane.state.batch)
    notes = [f"the learning rate was changed at update {step}" for step in lane.turned]
    prepared = replace(plan.prepared, notes=(*plan.prepared.notes, *notes))
    own = replace(plan, prepared=prepared, recipe=replace(plan.recipe, epochs=epochs))
    state = replace(lane.state, stopped=lane.state.stopped or "epochs")
    run = Run(plan.objective, plan.optimiser, "reference", plan.recipe.seed, state, False)
    with np.errstate(all="ignore"):
        fitted = measured(own, run)
        judgement = fitted.judgement
    files = {
        WEIGHTS: weights_file(fitted.model, fitted.rows),
        HISTORY: history_file(run.history),
    }
    name, packed = f"{name_of(plan.table.source)}-model", io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w") as archive:
        out = Path(folder) / name
        description = {**fitted.model.description, "judgement": judgement}
        write_folder(out, files, description, lambda _: [])
        for path in sorted(out.iterdir()):
            archive.write(path, f"{name}/{path.name}", zipfile.ZIP_DEFLATED)
    return _file(f"{name}.zip", packed.getvalue())


_CODE = '''\
"""What the lab showed as lane {number}: the same network, to the same bits."""

import numpy as np

from deltarule.data import read_table
from deltarule.models import Recipe, fit

recipe = Recipe(
{options})
fitted = fit(read_table({data!r}), recipe{target})
net, theta = fitted.plan.network, fitted.model.theta

if __name__ == "__main__":
    print(fitted.metrics)
    for l, p in enumerate(net.unpack(theta), 1):
        print(f"W_{{l}} =", np.array2string(p["W"], precision=6))
'''


def code(session: Session, k: int) -> dict[str, str]:
    """Return the Python code that trains a lane's network again, as far as it is trained."""
    lane, own = session.lanes[k], session.setup.lanes[k]
    if own.mistake:
        raise UsageError("a lane with a planted mistake has no recipe that repeats it")
    if own.matched:
        raise UsageError("the f of this lane has no name by which a recipe could ask for it")
    if session.trained is not None and session.trained.data == session.setup.data:
        raise UsageError("what began with a model's folder is no code that begins with nothing")
    if lane.turned:
        raise UsageError("its learning rate was changed while it ran, which the code does not do")
    if lane.state.batch:
        raise UsageError(
            "the lane stands within an epoch, and the code trains whole ones: do one epoch first"
        )
    options = {**session.setup.recipe(), **session.setup.own(own), "epochs": lane.state.epoch}
    lines = "".join(f"    {name}={value!r},\n" for name, value in options.items())
    target = f", target={session.target!r}" if session.target else ""
    text = _CODE.format(number=k + 1, options=lines, data=session.setup.data, target=target)
    return _file(f"{name_of(session.setup.data)}.py", text.encode())


def snapshot(session: Session, k: int) -> dict[str, str]:
    """Return the page as it is, with the kept steps, as one file that needs no server."""
    from deltarule.web.snapshot import page, recording

    text = page(recording(session))
    return _file(f"{name_of(session.setup.data)}-lab.html", text.encode())


def exported(session: Session, message: dict[str, Any]) -> dict[str, Any]:
    """Return what a page asks to take along; see `EXPORTS`."""
    what = message.get("what")
    if not isinstance(what, str) or what not in EXPORTS:
        raise unknown_name("export", str(what)[:80], EXPORTS)
    return {"export": EXPORTS[what](session, session.lanes.index(session.lane(message)))}


EXPORTS: dict[str, Callable[[Session, int], dict[str, str]]] = {
    "model": model,
    "code": code,
    "snapshot": snapshot,
}
