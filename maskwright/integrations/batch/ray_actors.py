"""Batches on Ray: a model in each of some actors, one process that writes.

    run(job, OnTransformers(), OnRay(workers=2))

Actors, not Ray Data, for exactly-once. Both retry work whose process died, and both hand a result to the driver once;
what is written, and so what "once" means, is decided there, by one process that appends in order (`output`). For that
the driver wants to say which rows are a batch (its texts depend on it, `work`), to begin with any batch, to get them
in order, and to keep a bounded number of them in memory. Calls of actors do just this. In Ray Data the engine cuts its
blocks anew, wants the input as a data set of its own, and keeps order by a switch for the whole process; what it
would bring, reading and writing on all nodes, is what the single writer rules out. Plain tasks would load the model
each time. `ray.util.ActorPool` gives results in order, but while the next one is missing, idle actors get no work; and
out of order it does not say which call failed.

What Ray does here: processes, where they are, restarts (`max_restarts`), calls made again (`max_task_retries`), and
objects. What is left is a window: at most two calls for each actor, so that none waits for the driver, and at most
WINDOW for each until the oldest of them is written.

Grammars. The driver compiles each constraint once, for it has the files and modules of the user, and errors are told
where they can be read; `CompiledGrammar.to_bytes` goes into Ray's object store under the constraint's key. A batch
brings references; an actor fetches the bytes of a key that it does not have (on one node they are in shared memory),
builds the automaton, and keeps it. Masks that texts have taught it stay in its process.

A batch whose actor died TRIES times is taken apart, and a row that kills its actor alone gets an error. What an engine
itself reports as a fault of the host ends the run, as it does on one machine.
"""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, final

from maskwright.errors import MaskwrightError
from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.constraint import Constraint
from maskwright.integrations.batch.errors import HostFailed
from maskwright.integrations.batch.local import GRAMMAR_BYTES, CompiledHere, compiled_elsewhere
from maskwright.integrations.batch.rows import RowError
from maskwright.integrations.batch.work import Batch, Model, Request, answered
from maskwright.matching.compiler import Compiler
from maskwright.matching.grammar_cache import GrammarCache

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

#: How often a batch is begun before it is taken apart.
TRIES: Final = 4

#: Calls that an actor has at most: the one it works on and the next one.
CALLS_PER_ACTOR: Final = 2

#: Batches for each actor between the oldest that is not written and the newest that was handed out.
WINDOW: Final = 8

#: How many grammars the driver keeps in the object store for later batches.
MAX_STORED: Final = 4096


#: How long actors may take to end what they have started, before they are ended themselves.
CLOSE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class OnRay:
    """The runner of a cluster. address: as `ray.init` has it; None: the running one, or else one on this machine.

    workers: actors, each with a model of its own; None: as many as fit by their CPUs and GPUs.
    """

    address: str | None = None
    workers: int | None = None
    cpus_per_worker: float = 1
    gpus_per_worker: float = 0

    def __call__(
        self, model: Model, constraint: Constraint | None, batches: Iterator[Batch]
    ) -> Iterator[tuple[Batch, list[Answer]]]:
        """The batches in their order, each once; raises HostFailed, and what is wrong with the constraint."""
        if importlib.util.find_spec("ray") is None:
            raise HostFailed("Ray is not installed (pip install 'maskwright[ray]')")
        vocabulary = model.vocabulary()
        compiled = None if vocabulary is None else CompiledHere(Compiler(vocabulary, cache_bytes=0))
        if compiled is not None and constraint is not None:
            compiled(constraint)
        import ray

        is_ours = not ray.is_initialized()
        if is_ours:
            self._connect(ray)
        try:
            store = None if compiled is None else GrammarStore(ray, compiled)
            with self._actors(ray, model) as actors:
                yield from _Window(ray, actors, store).answers(batches)
        finally:
            if is_ours:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
        try:
            ray.init(address=self.address, **quiet)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise HostFailed(f"Ray cannot be reached or started ({_last_line(error)})") from error

    @contextmanager
    def _actors(self, ray: Any, model: Model) -> Iterator[list[Any]]:
        """Actors that have loaded the model; they end with the run, and their places are free again."""
        needs = {"num_cpus": self.cpus_per_worker, "num_gpus": self.gpus_per_worker}
        workers = self._most(ray) if self.workers is None else self.workers
        made = ray.remote(max_restarts=-1, max_task_retries=TRIES - 1, **needs)(Worker)
        actors = [made.remote(model) for _ in range(workers)]
        try:
            try:
                ray.get([actor.ready.remote() for actor in actors])
            except ray.exceptions.RayError as error:
                raise HostFailed(f"a worker cannot load the model ({_last_line(error)})") from error
            yield actors
        finally:
            ray.wait([actor.close.remote() for actor in actors], num_returns=workers, timeout=CLOSE_SECONDS)
            for actor in actors:
                ray.kill(actor)

    def _most(self, ray: Any) -> int:
        """As many workers as the cluster has room for, at least one."""
        there = ray.cluster_resources()
        wanted = {"CPU": self.cpus_per_worker, "GPU": self.gpus_per_worker}
        return max(1, min(int(there.get(name, 0) // each) for name, each in wanted.items() if each))


@final
class GrammarStore:
    """Compiled grammars in Ray's object store, by the keys of their constraints."""

    def __init__(self, ray: Any, compiled: CompiledHere) -> None:
        self._ray = ray
        self._compiled = compiled
        self._references: OrderedDict[bytes, Any] = OrderedDict()  # the one used last is the last

    def reference(self, constraint: Constraint) -> Any:
        """A reference to the bytes of a grammar; raises a MaskwrightError."""
        found = self._references.get(constraint.key)
        if found is None:
            found = self._references[constraint.key] = self._ray.put(self._compiled(constraint).to_bytes())
        self._references.move_to_end(constraint.key)
        if len(self._references) > MAX_STORED:
            self._references.popitem(last=False)  # batches on their way hold references of their own
        return found


@final
class FetchedGrammars:
    """The grammars of a worker: fetched when they are asked for the first time, and kept by their keys."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._kept = GrammarCache(GRAMMAR_BYTES, attrgetter("size_bytes"))
        self.references: Mapping[bytes, Any] = {}
        self.n_fetched = 0

    def __call__(self, constraint: Constraint) -> CompiledGrammar:
        """The grammar; raises a MaskwrightError."""
        return self._kept.get(constraint.key, lambda: self._fetched(constraint.key))

    def _fetched(self, key: bytes) -> CompiledGrammar:
        import ray

        self.n_fetched += 1
        return self._compiler.grammar_from_bytes(ray.get(self.references[key]))


@final
class Worker:
    """What an actor is: a model that answers batches."""

    def __init__(self, model: Model) -> None:
        vocabulary = model.vocabulary()
        self._grammars = None if vocabulary is None else FetchedGrammars(Compiler(vocabulary, cache_bytes=0))
        self._engine = model.engine(self._grammars or compiled_elsewhere)

    def ready(self) -> None:
        """Answered when the model is loaded."""

    def close(self) -> None:
        """End what the engine has started."""
        self._engine.close()

    def answers(
        self, requests: Sequence[Request | RowError], references: Mapping[bytes, Any]
    ) -> tuple[list[Answer], str]:
        """The answers to a batch, and why the host failed, if it did: errors do not travel well between versions."""
        if self._grammars is not None:
            self._grammars.references = references
        try:
            return answered(self._engine, requests), ""
        except HostFailed as error:
            return [], error.reason


@final
class _Window:
    """Calls on their way, and answers that wait for their turn."""

    def __init__(self, ray: Any, actors: list[Any], store: GrammarStore | None) -> None:
        self._ray = ray
        self._actors = actors
        self._store = store
        self._calls: dict[Any, tuple[int, Batch, Any]] = {}  # by reference: number, batch, actor
        self._done: dict[int, tuple[Batch, list[Answer] | HostFailed]] = {}
        self._has_failed = False

    def answers(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Answer]]]:
        """The batches in their order; a failure is raised in its turn, when all before it is handed over."""
        numbered = enumerate(batches)
        free = [actor for _ in range(CALLS_PER_ACTOR) for actor in self._actors]
        due, begun, is_over = 0, 0, False
        while True:
            while free and not is_over and not self._has_failed and begun < due + WINDOW * len(self._actors):
                number, next_batch = next(numbered, (begun, None))
                if next_batch is None:
                    is_over = True
                else:
                    self._begin(number, next_batch, free.pop(0))
                    begun += 1
            if not self._calls:
                return
            free.append(self._finish_one())
            while due in self._done:
                batch, answers = self._done.pop(due)
                if isinstance(answers, HostFailed):
                    raise answers
                yield batch, answers
                due += 1

    def _begin(self, number: int, batch: Batch, actor: Any) -> None:
        requests, references = self._with_references(batch.requests)
        self._calls[actor.answers.remote(requests, references)] = (number, replace(batch, requests=requests), actor)

    def _with_references(
        self, requests: Sequence[Request | RowError]
    ) -> tuple[tuple[Request | RowError, ...], dict[bytes, Any]]:
        """What travels: errors where a constraint cannot be kept, and the grammars of the others."""
        if self._store is None:
            return tuple(requests), {}
        sent: list[Request | RowError] = []
        references: dict[bytes, Any] = {}
        for request in requests:
            if isinstance(request, Request):
                try:
                    references[request.constraint.key] = self._store.reference(request.constraint)
                except MaskwrightError as error:
                    request = RowError.of(error)
            sent.append(request)
        return tuple(sent), references

    def _finish_one(self) -> Any:
        """Wait for some call, and note its answers; the actor that is free now."""
        [call], _ = self._ray.wait(list(self._calls), num_returns=1)
        number, batch, actor = self._calls.pop(call)
        try:
            self._done[number] = batch, self._answers_of(call, batch, actor)
        except HostFailed as error:
            self._has_failed = True
            self._done[number] = batch, error
        return actor

    def _answers_of(self, call: Any, batch: Batch, actor: Any) -> list[Answer]:
        died = self._ray.exceptions
        try:
            answers, failure = self._ray.get(call)
        except (died.RayActorError, died.WorkerCrashedError, died.OutOfMemoryError) as error:
            return self._one_by_one(batch, actor, RowError("WorkerDied", f"its worker died {TRIES} times: {error}"))
        except died.RayError as error:
            raise HostFailed(_last_line(error)) from error
        if failure:
            raise HostFailed(failure)
        return list(answers)

    def _one_by_one(self, batch: Batch, actor: Any, error: RowError) -> list[Answer]:
        if len(batch.requests) == 1:
            return [error]
        answers: list[Answer] = []
        for row, request in zip(batch.rows, batch.requests, strict=True):
            if isinstance(request, RowError):
                answers.append(request)
                continue
            requests, references = self._with_references([request])
            call = actor.answers.remote(requests, references)
            answers += self._answers_of(call, Batch((row,), requests), actor)
        return answers


def _last_line(error: Exception) -> str:
    """Ray's errors hold whole tracebacks; their last line says what happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
