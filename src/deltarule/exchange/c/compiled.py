"""The part of a header in C that checks itself, and the header held against the model."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.exchange.numbers_text import lines_of, number_text
from deltarule.exchange.python_text import indented
from deltarule.exchange.trial import Trial

_RECORDED = 10


def array_in_c(declaration: str, numbers: NDArray[Any]) -> Iterator[str]:
    """Yield an array's lines, a row of it beginning a line."""
    end = "f" if numbers.dtype == np.float32 else ""
    yield f"{declaration} = {{"
    for row in numbers if numbers.ndim == 2 else [numbers]:
        lines = [line.replace("nan", "NAN") for line in lines_of(row, suffix=end)]
        if numbers.ndim == 2:
            lines[0] = f"{{{lines[0]}"
            lines[-1] = f"{lines[-1]}}}"
        yield from (f"    {line}," for line in lines)
    yield "};"


def main_in_c(trial: Trial, name: str) -> Iterator[str]:
    """Yield a `main` with recorded rows: on another machine exp may round otherwise, too."""
    big = name.upper()
    rows, answers = coded(trial)[:_RECORDED], trial.answers[:_RECORDED]
    yield f"#ifdef {big}_MAIN"
    yield "#include <stdio.h>"
    yield ""
    yield "/* Rows of cells, and what the model answered to them. */"
    n, named = len(rows), bool(trial.ops.classes)
    yield from array_in_c(f"static const double {name}_rows[{n}][{big}_CELLS]", rows)
    yield from array_in_c(f"static const double {name}_answers[{n}][{big}_ANSWERS]", answers)
    yield from array_in_c(f"static const double {name}_units[{big}_ANSWERS]", trial.units)
    yield ""
    yield "int main(void)"
    yield "{"
    yield from indented([
        f"double found[{big}_ANSWERS], worst = 0;",
        f"for (int i = 0; i < {n}; i++) {{",
        f"    if ({name}_predict({name}_rows[i], found) != 0)",
        "        return 1;",
        f"    for (int k = 0; k < {big}_ANSWERS; k++) {{",
        f"        const double off = fabs(found[k] - {name}_answers[i][k]) / {name}_units[k];",
        "        worst = off > worst || off != off ? off : worst;",
        "    }",
        "}",
        f'printf("{n} rows, the largest difference is %.2g\\n", worst);',
        *([f'printf("the last one is %s\\n", {name}_name({name}_class(found)));'] if named else []),
        f"return worst <= {number_text(10 * trial.tolerance)} ? 0 : 1;",
    ])  # fmt: skip
    yield "}"
    yield f"#endif /* {big}_MAIN */"


def coded(trial: Trial) -> NDArray[np.float64]:
    """Return the cells as numbers: a category is its place."""
    found = np.empty((len(trial.rows), len(trial.ops.columns)))
    for k, column in enumerate(trial.ops.columns):
        codes = {c: float(n) for n, c in enumerate(column.categories)}
        missing = -1.0 if codes else np.nan
        cells = (row[k] for row in trial.rows)
        found[:, k] = [missing if c is None else codes.get(c, c) for c in cells]
    return found


def compiler() -> str | None:
    """Return this machine's C compiler."""
    return next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)


def compiled(folder: Path, source: str, program: str, *flags: str) -> bool:
    """Compile a file in a folder; False without a compiler, `NumericError` where it complains."""
    cc = compiler()
    if cc is None:
        return False
    words = [cc, "-std=c99", "-O2", "-Wall", "-Werror", *flags, "-x", "c", source, "-lm"]
    _run([*words, "-o", program], folder)
    return True


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NumericError(
            f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()[:500]}"
        )


def answer_of_header(path: Path, trial: Trial, name: str) -> Any:
    """Compile the header, run its own check, and ask it for all rows."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"{name}.h").write_bytes(path.read_bytes())
        (folder / "rows").write_bytes(coded(trial).tobytes())
        (folder / "ask.c").write_text(_ASK.format(name=name, big=name.upper()))
        if not compiled(folder, f"{name}.h", "self", f"-D{name.upper()}_MAIN"):
            return None
        _run(["./self"], folder)
        compiled(folder, "ask.c", "ask")
        _run(["./ask"], folder)
        return np.frombuffer((folder / "answers").read_bytes())


_ASK = """#include <stdio.h>
#include "{name}.h"
int main(void)
{{
    double cells[{big}_CELLS], answers[{big}_ANSWERS];
    FILE *in = fopen("rows", "rb"), *out = fopen("answers", "wb");
    while (fread(cells, sizeof cells, 1, in) == 1)
        if ({name}_predict(cells, answers) || fwrite(answers, sizeof answers, 1, out) != 1)
            return 1;
    return fclose(out);
}}
"""
