"""What the caller says about a source, apart from its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from deltarule.core.errors import UsageError, unknown_name
from deltarule.data.table import Kind, no_such_column

__all__ = ["Options"]

_KINDS: dict[str, Kind] = {"numeric": "numeric", "text": "text", "boolean": "boolean"}


@dataclass(frozen=True)
class Options:
    """The options of `read_table`.

    `kinds` fixes the kind of columns, and says which ones are used: the table is one to predict
    from, and its other columns are never refused.
    """

    target: str | None = None
    text: Collection[str] = ()
    drop: Collection[str] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        target: str | None,
        text: Sequence[str],
        drop: Sequence[str],
        kinds: Mapping[str, str] | None,
    ) -> Options:
        """Check the options against each other. Raises `UsageError`."""
        for kind in (kinds or {}).values():
            if kind not in _KINDS:
                raise unknown_name("kind of column", kind, _KINDS)
        if target is not None and target in drop:
            raise UsageError(f"column {target!r} is the target and is to be dropped. Choose one.")
        fixed = {name: _KINDS[kind] for name, kind in (kinds or {}).items()}
        # keys of dictionaries: in order, and found at once among a hundred thousand
        return cls(target, dict.fromkeys(text), dict.fromkeys(drop), fixed)

    def kind(self, name: str) -> Kind | None:
        """Return the kind that a column must have, None if its cells decide."""
        return self.kinds.get(name) or ("text" if name in self.text else None)

    def used(self, name: str) -> bool:
        """Say whether a column matters: every one, unless `kinds` names those that do."""
        return not self.kinds or name in self.kinds or name == self.target

    def check_names(self, source: str, names: Sequence[str]) -> None:
        """Refuse a target or a column named in an option that `source` does not have."""
        known = set(names)
        for name in (*((self.target,) if self.target is not None else ()), *self.text, *self.drop):
            if name not in known:
                what = "target column" if name == self.target else "column"
                raise no_such_column(source, name, names, what)
