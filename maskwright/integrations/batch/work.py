"""What a batch is, and how it is answered: the part that is the same on one machine, in vLLM, and on a cluster.

    rows of the file  --batches-->  Batch  --answered-->  an answer for each row

A batch is `size` rows that follow each other in the file, counted from its first row. So it holds the same rows in
every run, also in one that goes on in the middle of a batch (it is computed whole, and only what is missing is
written), and its texts come out the same to the last bit.

Randomness. A row's seed is a digest of the run's seed and the row's id: neither its place, nor the rows beside it, nor
the machine matter. What does matter is rounding: in a batch of another size a model's scores differ in their last bits,
and once in a while (docs/batch.md has figures) a text takes another turn. Therefore the size belongs to what a run is.

Faults. A row that cannot be read, or whose schema cannot be kept, never gets to the model. If the host refuses a
batch, its rows are tried one by one, and the one at fault gets the error. What is nobody's fault, a device that is
gone, ends the run (`HostFailed`): to write an error for every row to come would be an answer too, and a wrong one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from maskwright.errors import MaskwrightError
from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.constraint import Constraint, Kind
from maskwright.integrations.batch.errors import HostFailed
from maskwright.integrations.batch.rows import Message, Row, RowError, Schema

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.vocabulary import Vocabulary

#: What a row's own request can be to blame for; an error of another type is the host's.
FAULTS_OF_A_ROW = (MaskwrightError, ValueError, MemoryError)


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked for a row. seed: 63 bits of its own."""

    prompt: str | list[Message]
    constraint: Constraint
    seed: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows that follow each other, and for each what is asked, or why nothing is."""

    rows: tuple[Row, ...]
    requests: tuple[Request | RowError, ...]

    @property
    def constraints(self) -> list[Constraint]:
        """The constraints of the batch, each once."""
        return list({request.constraint: None for request in self.requests if isinstance(request, Request)})


class Engine(Protocol):
    """What runs a model: a text, or the row's error, for each request, in order."""

    def __call__(self, requests: Sequence[Request], /) -> list[Answer]:
        """Raises one of FAULTS_OF_A_ROW if some request is refused, anything else if the host fails."""

    def close(self) -> None:
        """End whatever was started for it."""


Grammars: TypeAlias = "Callable[[Constraint], CompiledGrammar]"
"""How an engine gets at compiled grammars; raises a MaskwrightError for a constraint that cannot be kept."""


class Model(Protocol):
    """Which model, and how it is asked: plain data, that an engine is made from where the work is done."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What the texts depend on, as plain data."""

    def vocabulary(self) -> Vocabulary | None:
        """The vocabulary, found without loading weights; None where the host compiles grammars by itself."""

    def engine(self, grammars: Grammars) -> Engine:
        """Load it; this may take minutes."""


class Runner(Protocol):
    """What has batches answered, on whatever machines."""

    def __call__(
        self, model: Model, constraint: Constraint | None, batches: Iterator[Batch], /
    ) -> Iterator[tuple[Batch, list[Answer]]]:
        """The batches in their order, each once, with an answer for each row.

        constraint: that of all rows; what is wrong with it is raised before the first batch, as a MaskwrightError.
        """


@dataclass(frozen=True, slots=True)
class Asking:
    """How rows become requests. constraint: of rows without a schema of their own, None if all must have one.

    schema_options: for the rows' schemas, by schema: `JSONSchemaOptions.to_json` as JSON text, or None.
    """

    constraint: Constraint | None
    seed: int = 0
    schema_options: Callable[[Schema], str | None] = field(default=lambda _: None)

    def request(self, row: Row) -> Request | RowError:
        """What is asked for a row, or why nothing is."""
        if row.error is not None:
            return row.error
        assert row.id is not None, "what was read has an id"
        constraint = self.constraint
        if row.schema is not None:
            try:
                constraint = Constraint(Kind.JSON, json.dumps(row.schema), options=self.schema_options(row.schema))
            except MaskwrightError as error:
                return RowError.of(error)
        if constraint is None:
            return RowError("InvalidRow", f"line {row.line}: it has no schema, and there is none for all rows")
        return Request(row.prompt, constraint, seed_of(self.seed, row.id))


def seed_of(seed: int, row_id: str | int) -> int:
    """63 bits that depend on nothing but the seed of the run and the id of the row."""
    digest = hashlib.blake2b(json.dumps([seed, row_id]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def batches_of(rows: Iterator[Row], size: int, asking: Asking) -> Iterator[Batch]:
    """The rows in batches of that size, the last one perhaps smaller."""
    while some := tuple(islice(rows, size)):
        yield Batch(some, tuple(asking.request(row) for row in some))


def answered(engine: Engine, requests: Sequence[Request | RowError]) -> list[Answer]:
    """An answer for each request; raises HostFailed where none can be had for a reason that lies in no row."""
    asked = [request for request in requests if isinstance(request, Request)]
    texts = iter(_texts(engine, asked) if asked else [])
    return [next(texts) if isinstance(request, Request) else request for request in requests]


def _texts(engine: Engine, requests: Sequence[Request]) -> list[Answer]:
    try:
        answers = engine(requests)
    except Exception as error:
        if not _may_be_of_a_row(error):
            raise HostFailed(f"{type(error).__name__}: {str(error).strip().rstrip('.')}") from error
        if len(requests) == 1:
            return [RowError.of(error)]
        return [answer for request in requests for answer in _texts(engine, [request])]
    assert len(answers) == len(requests), "an engine answers every request"
    return answers


def _may_be_of_a_row(error: Exception) -> bool:
    """Devices have no MemoryError but errors of their own, by such a name; a long row, or many rows, may cause them."""
    return isinstance(error, FAULTS_OF_A_ROW) or "OutOfMemory" in type(error).__name__
