"""A small Sphinx extension: formulas become MathML when the pages are built.

Browsers draw MathML themselves, so the pages need no script and no network. The fonts that come
with ziamath (STIX Two Math) are copied beside the pages, so that formulas look the same everywhere.
"""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from latex2mathml.converter import convert
from sphinx.application import Sphinx

__all__ = ["setup", "to_mathml"]

FONT = "STIXTwoMath-Regular.ttf"

# a run of plain letters is one name (net, eps, warmup), not a product of letters
_NAME = re.compile(r"(?<![A-Za-z\\])(?!d[A-Za-z](?![A-Za-z]))([A-Za-z]{2,}(?:\\_[A-Za-z]+)*)")
_VERBATIM = re.compile(r"(\\(?:text|operatorname|mathrm|begin|end)\{[^}]*\}|\\[A-Za-z]+)")
_FUNCTION = r"<m[io]>(arctanh|sin|cos|tanh|sinh|cosh|log|exp|min|max|sign)</m[io]>"
_THIN = '<mspace width="0.17em" />'
_PATTERNS = [
    (re.compile(rf"(?<=</mi>|</mn>)(?={_FUNCTION})|(?<=</mtext>)(?={_FUNCTION})"), _THIN),
    (re.compile(rf"{_FUNCTION}(?=<m[^o])"), rf"<mi>\1</mi>{_THIN}"),
    (re.compile(_FUNCTION), r"<mi>\1</mi>"),
    # a minus after an opening bracket, a comma or a relation is a sign, not a subtraction
    (
        re.compile(
            r"(<mo[^>]*>(?:&#x00028;|&#x0005B;|\[|\(|&#x0002C;|,|&#x0003D;)</mo>)<mo>&#x02212;"
        ),
        r'\1<mo form="prefix">&#x02212;',
    ),
    (re.compile(r"<mo>(&#x0002F;|/)</mo>"), r'<mo lspace="0.06em" rspace="0.06em">/</mo>'),
    (re.compile(r"<mo stretchy=.false.>&#x0007C;"), '<mo stretchy="false" lspace="0" rspace="0">|'),
    (re.compile(r"<mo>(&#x0221E;)</mo>"), r"<mi>\1</mi>"),
]
_REPLACED = {
    'mathvariant="normal"': "",
    "<mo>&#x0005E;</mo>": "<mo>&#x002C6;</mo>",
    "<mi>&#x02032;</mi>": '<mo class="prime">&#x02032;</mo>',
    "<mo>&#x02202;</mo>": "<mi>&#x02202;</mi>",
    "<mi>&#x0230A;</mi>": '<mo stretchy="false">&#x0230A;</mo>',
    "<mi>&#x0230B;</mi>": '<mo stretchy="false">&#x0230B;</mo>',
}
"""What the converter writes, and what browsers set better."""


def to_mathml(latex: str, display: bool = False) -> str:
    """Return a LaTeX formula as a MathML element.

    >>> "<mtext>net</mtext>" in to_mathml("net_l")
    True
    """
    if display and r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{align*}}{latex}\end{{align*}}"
    latex = "".join(
        part if i % 2 else _NAME.sub(_as_text, part)
        for i, part in enumerate(_VERBATIM.split(latex))
    )
    found = convert(latex, display="block" if display else "inline")
    for pattern, better in _PATTERNS:
        found = pattern.sub(better, found)
    for ours, better in _REPLACED.items():
        found = found.replace(ours, better)
    return found


def _as_text(match: re.Match[str]) -> str:
    return rf"\text{{{match[1].replace(chr(92) + '_', '_')}}}"


def _visit_math(self: Any, node: nodes.math) -> None:
    self.body.append(to_mathml(node.astext()))
    raise nodes.SkipNode


def _visit_math_block(self: Any, node: nodes.math_block) -> None:
    latex = node.astext().strip()
    self.body.append(f'<div class="math-display">{to_mathml(latex, display=True)}</div>')
    raise nodes.SkipNode


def _copy_font(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        with resources.as_file(resources.files("ziamath") / "fonts" / FONT) as font:
            shutil.copyfile(font, Path(app.outdir) / "_static" / FONT)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math_block, None))
    app.connect("build-finished", _copy_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
