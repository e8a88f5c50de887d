"""What a diagnosis says: the verdict, the mistakes in it, where the gradient is still right."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One mistake, with where it was made and how well it explains the gradient."""

    code: str
    """Its name in the table of mistakes."""
    layers: tuple[int, ...]
    """The layers concerned, from 1."""
    parameters: dict[str, Any] = field(hash=False)
    """Which variant it is, and what was fitted (a learning rate, a bound, ...)."""
    fitted: tuple[str, ...]
    """The parameters that were estimated from the gradient itself."""
    does: str
    """What the code does."""
    should: str
    """What it should do."""
    line: str
    """The line of the theory page's equations that it belongs to."""
    before: float
    """The largest relative difference in these layers, to the true gradient."""
    after: float
    """The same, to the gradient with this explanation's mistakes."""
    explanation: int = 1
    """Findings of the same number explain the gradient together."""

    @property
    def sentence(self) -> str:
        """What the code does, what it should do, and the line of the equations."""
        return f"{self.does[:1].upper()}{self.does[1:]}; {self.should}. The line: {self.line}"

    @property
    def title(self) -> str:
        """The code with its layers and parameters: `single_path in layer 1 (node: first)`."""
        layers = ", ".join(map(str, self.layers))
        where = f" in layer{'s' if len(self.layers) > 1 else ''} {layers}" if layers else ""
        values = {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in self.parameters.items()}
        told = ", ".join(f"{k}: {v}" for k, v in values.items())
        return f"{self.code}{where}{f' ({told})' if told else ''}"


@dataclass(frozen=True)
class LayerAgreement:
    """How far a layer's gradient agrees with the true one."""

    layer: int
    weights: bool
    """Whether dE/dW_l agrees."""
    biases: bool | None
    """Whether dE/db_l agrees; None where the layer has no bias."""
    residuals: tuple[float, float]
    """The largest relative differences of the two."""

    @property
    def agrees(self) -> bool:
        """Whether all of it agrees."""
        return self.weights and self.biases is not False


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The answer to 'what is the mistake in this gradient?'.

    `str()` gives the text for a terminal; in a notebook it shows as a table.
    """

    verdict: str
    """`"correct"`, `"explained"`, `"ambiguous"`, `"possible"`, `"partial"` or `"unexplained"`."""
    mistakes: tuple[Finding, ...]
    """The mistakes that are certain; with `"ambiguous"`, those that every explanation has; with
    `"possible"`, those that fit, though it is not proved; with `"partial"`, those in the layers
    that are explained."""
    candidates: tuple[Finding, ...]
    """With `"ambiguous"`, the mistakes of all explanations that are equally good."""
    localised: tuple[LayerAgreement, ...]
    """For every layer from 1, whether its gradient agrees with the true one."""
    notes: tuple[str, ...] = ()
    """What else was noticed: experiments made, inputs that would tell more, shapes."""
    unseen: tuple[str, ...] = ()
    """With `"correct"`, mistakes that would change nothing on this very network and input."""
    conventions: tuple[Finding, ...] = ()
    """A factor common to all layers, and what it is made of: the step is added, a learning rate,
    the sum in the place of the mean. It is no mistake. Other readings of the same number have
    another `explanation`."""
    also: tuple[str, ...] = ()
    """What would explain the same numbers with more changes, or less likely ones."""
    evidence: str = ""
    """How many numbers are explained by how many fitted ones."""

    @property
    def right(self) -> bool:
        """Whether nothing is wrong: neither a convention nor lower precision is a mistake."""
        precision = {m.code for m in self.mistakes} == {"float_noise"}
        return self.verdict == "correct" or (self.verdict == "explained" and precision)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def __repr__(self) -> str:
        return f"Diagnosis({self.headline!r})"

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        up_to = ", up to " + ", and ".join(c.does for c in self.conventions if c.explanation == 1)
        up_to = up_to if self.conventions else ""
        count = len(self.mistakes)
        mistakes = f"{count} mistake{'s' if count > 1 else ''}"
        groups = len({c.explanation for c in self.candidates})
        if self.verdict == "possible" and not count:
            return f"possible: right{up_to}, though this few numbers do not prove it"
        return {
            "correct": f"right{up_to}" if up_to else "correct: the gradient is the true one",
            "explained": f"explained{up_to}: {mistakes}",
            "possible": f"possible{up_to}: {mistakes} would give this gradient, though it is not "
            "proved",
            "partial": f"partly explained{up_to}: {mistakes}, and layers that are not explained",
            "ambiguous": f"ambiguous{up_to}: {groups} explanations fit equally well",
            "unexplained": "unexplained: no known mistake, alone or with another, gives this "
            "gradient",
        }[self.verdict]

    def __str__(self) -> str:
        lines = [self.headline]
        for m in self.candidates or self.mistakes:
            lines += [f"  {self._label(m)}{m.title}", f"      the code: {m.does}"]
            lines += [f"      right:    {m.should}", f"      equation: {m.line}"]
            lines += [f"      relative difference {m.before:.2g} before, {_left(m.after)} after"]
        lines += [f"  {self.evidence}"] if self.evidence else []
        if self.verdict in ("unexplained", "partial"):
            lines += [f"  layer {p.layer}: {_agreement(p)}" for p in reversed(self.localised)]
        if self.also:
            lines += [f"  also possible: {'; '.join(self.also)}"]
        if self.unseen:
            lines += [f"  not to be seen on this input: {', '.join(self.unseen)}"]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _label(self, m: Finding) -> str:
        return f"[{m.explanation}] " if self.candidates else ""

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

        head = row(("mistake", "the code", "right", "equation", "before", "after"), "th")
        body = "".join(
            row((f"{self._label(m)}{m.title}", m.does, m.should, m.line, f"{m.before:.2g}",
                 _left(m.after)), "td") for m in self.candidates or self.mistakes
        )  # fmt: skip
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        table = (
            f"{head}{body}"
            if body
            else "".join(row((f"layer {p.layer}", _agreement(p)), "td") for p in self.localised)
        )
        return f"<table><caption>{html.escape(self.headline)}</caption>{table}</table>{notes}"


def _plain(value: Any) -> Any:
    if isinstance(value, Finding):
        lists = {"layers": list(value.layers), "fitted": list(value.fitted)}
        return {**asdict(value), **lists, "sentence": value.sentence}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return asdict(value) if isinstance(value, LayerAgreement) else value


def _agreement(place: LayerAgreement) -> str:
    if place.agrees:
        return "agrees"
    parts = [("weights", place.weights), ("biases", place.biases)]
    said = [f"{n} {'agree' if good else 'differ'}" for n, good in parts if good is not None]
    return f"{', '.join(said)} (relative difference {max(place.residuals):.2g})"


def _left(residual: float) -> str:
    """Return a residual; what is nothing but rounding is none."""
    return "none" if residual < 1e-12 else f"{residual:.1g}"
