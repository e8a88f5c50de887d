"""What the caller says about a source, apart from its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from deltarule.core.errors import UsageError, one_of
from deltarule.data.table import Kind, no_such_column

_KINDS: dict[str, Kind] = {"numeric": "numeric", "text": "text", "boolean": "boolean"}


@dataclass(frozen=True)
class Options:
    """The options of `read_table`.

    `kinds` fixes the kind of columns, and says which ones are used: the table is one to predict
    from, and its other columns are never refused.
    """

    targets: Collection[str] = ()
    text: Collection[str] = ()
    drop: Collection[str] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    only: Collection[str] = ()

    @classmethod
    def of(
        cls,
        target: str | Sequence[str] | None,
        text: Sequence[str],
        drop: Sequence[str],
        kinds: Mapping[str, str] | None,
        only: Sequence[str] = (),
    ) -> Options:
        """Check the options against each other. Raises `UsageError`."""
        for kind in (kinds or {}).values():
            one_of("kind of column", kind, _KINDS)
        targets = dict.fromkeys([target] if isinstance(target, str) else target or ())
        for name in targets:
            if name in drop:
                raise UsageError(f"column {name!r} is the target and is to be dropped. Choose one.")
        for name in drop:
            if name in only:
                raise UsageError(f"column {name!r} is to be kept and dropped. Choose one.")
        fixed = {name: _KINDS[kind] for name, kind in (kinds or {}).items()}
        # keys of dictionaries: in order, and found at once among a hundred thousand
        some = dict.fromkeys
        return cls(targets, some(text), some(drop), fixed, some(only))

    def keeps(self, name: str) -> bool:
        """Say whether a column is read."""
        asked = not self.only or name in self.only or name in self.targets
        return asked and name not in self.drop

    def kind(self, name: str) -> Kind | None:
        """Return the kind that a column must have, None if its cells decide."""
        return self.kinds.get(name) or ("text" if name in self.text else None)

    def used(self, name: str) -> bool:
        """Say whether a column matters: every one, unless `kinds` names those that do."""
        return not self.kinds or name in self.kinds or name in self.targets

    def check_names(self, source: str, names: Sequence[str]) -> None:
        """Refuse a target or a column named in an option that `source` does not have."""
        known = set(names)
        for name in (*self.targets, *self.text, *self.drop, *self.only):
            if name not in known:
                what = "target column" if name in self.targets else "column"
                raise no_such_column(source, name, names, what)
