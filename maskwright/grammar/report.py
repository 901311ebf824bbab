"""What became of each part of a specification: taken exactly, narrowed by an option, or only noted.

A `Report` lists every node of the specification by its JSON pointer and, for those that are not exact, a finding that
says why. Notations without options (GBNF, regular expressions) are exact or refused as a whole: their report is empty.

A schema of 3 MB has 60,000 nodes, and few callers look: so the front end hands over `Deferred` sequences, which are
computed when first looked at and then kept. Rejected: findings as sentences, which nobody can filter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, TypeVar, overload

Item = TypeVar("Item")


class Exactness(Enum):
    """How a node was taken, from best to worst."""

    EXACT = "exact"
    """Its texts are those that it asks for."""
    ANNOTATION = "annotation"
    """Something in it asserts nothing, by its own specification or by an option."""
    RESTRICTED = "restricted"
    """An option lets fewer texts through than it asks for."""
    REFUSED = "refused"
    """It cannot be honoured exactly, so the whole specification is an error."""


_BADNESS = {status: place for place, status in enumerate(Exactness)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why the node at `pointer` is not simply exact; `keyword` may also be the name of an option."""

    pointer: str
    status: Exactness
    keyword: str
    reason: str

    def __str__(self) -> str:
        return f"{self.status.value} at '{self.pointer or '/'}': {self.keyword}: {self.reason}"


class Deferred(Sequence[Item]):
    """A sequence that is computed when first looked at; equal to any sequence with equal items."""

    def __init__(self, compute: Callable[[], Sequence[Item]]) -> None:
        self._compute: Callable[[], Sequence[Item]] | None = compute
        self._items: Sequence[Item] = ()

    def _known(self) -> Sequence[Item]:
        if self._compute is not None:
            self._items = tuple(self._compute())
            self._compute = None
        return self._items

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        return self._known()[place]

    def __len__(self) -> int:
        return len(self._known())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, and the pointers of all nodes, those without a finding included; iterating yields the findings."""

    findings: Sequence[Finding] = ()
    nodes: Sequence[str] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def statuses(self) -> dict[str, Exactness]:
        """Each node's pointer with the worst that was found there."""
        status_of = dict.fromkeys(self.nodes, Exactness.EXACT)
        for finding in self.findings:
            known = status_of.get(finding.pointer, Exactness.EXACT)
            status_of[finding.pointer] = max(known, finding.status, key=_BADNESS.__getitem__)
        return status_of

    def summary(self) -> str:
        """`"14 nodes: 11 exact, 1 annotation, 2 restricted"`; "exact" where there are no nodes to speak of."""
        statuses = Counter(self.statuses().values())
        if not statuses:
            return "exact"
        counted = ", ".join(f"{statuses[status]:,} {status.value}" for status in Exactness if statuses[status])
        n_nodes = statuses.total()
        return f"{n_nodes:,} {'node' if n_nodes == 1 else 'nodes'}: {counted}"

    def __str__(self) -> str:
        return "\n".join([self.summary(), *map(str, self.findings)])

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object: `nodes` maps pointers to statuses, `findings` are objects."""
        return {
            "nodes": {pointer: status.value for pointer, status in self.statuses().items()},
            "findings": [asdict(finding) | {"status": finding.status.value} for finding in self.findings],
        }
