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

A batch whose actor died TRIES times is taken apart, and a row that kills its actor alone gets an error. What an engine
itself reports as a fault of the host ends the run, as it does on one machine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, final

from maskwright.errors import MaskwrightError
from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.constraint import Constraint
from maskwright.integrations.batch.errors import HostFailed
from maskwright.integrations.batch.local import compiled_elsewhere, compiled_for
from maskwright.integrations.batch.ray_grammars import FetchedGrammars, GrammarStore
from maskwright.integrations.batch.rows import RowError
from maskwright.integrations.batch.work import Batch, Model, Request, answered
from maskwright.matching.compiler import Compiler

#: How often a batch is begun before it is taken apart.
TRIES: Final = 4

#: Calls that an actor has at most: the one it works on and the next one.
CALLS_PER_ACTOR: Final = 2

#: Batches for each actor between the oldest that is not written and the newest that was handed out.
WINDOW: Final = 8

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
        compiled = compiled_for(model)
        if compiled is not None and constraint is not None:
            compiled(constraint)
        import ray

        is_ours = not ray.is_initialized()
        if is_ours:
            self._connect(ray)
        try:
            store = None if compiled is None else GrammarStore(ray, compiled)
            with self._actors(ray, model) as actors:
                window = _Window(ray, actors, store)
                try:
                    yield from window.answers(batches)
                finally:
                    window.close()
        finally:
            if is_ours:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if self.address not in {None, "local"}:
                ray.init(address=self.address, **quiet)
                return
            if self.address is None:
                try:
                    ray.init(address="auto", **quiet)
                    return
                except ConnectionError:
                    pass  # none is running
            ray.init(address="local", include_dashboard=False, **quiet)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise HostFailed(f"Ray cannot be reached or started ({_last_line(error)})") from error

    @contextmanager
    def _actors(self, ray: Any, model: Model) -> Iterator[list[Any]]:
        """Actors that begin to load the model; they end with the run, and their places are free again."""
        needs = {"CPU": self.cpus_per_worker, "GPU": self.gpus_per_worker}
        there = ray.cluster_resources()
        room = min(int(there.get(name, 0) // each) for name, each in needs.items() if each)
        if not room:
            has = ", ".join(f"{there.get(name, 0):g} {name}" for name in needs)
            raise HostFailed(f"the cluster has no room for a worker: it has {has} in all")
        made = ray.remote(
            num_cpus=self.cpus_per_worker,
            num_gpus=self.gpus_per_worker,
            max_restarts=-1,
            max_task_retries=TRIES - 1,
        )(Worker)
        actors = [made.remote(model) for _ in range(self.workers or room)]
        try:
            yield actors
        finally:
            for actor in actors:
                ray.kill(actor)


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
    """Actors that load, calls on their way, and answers that wait for their turn."""

    def __init__(self, ray: Any, actors: list[Any], store: GrammarStore | None) -> None:
        self._ray = ray
        self._actors = actors
        self._store = store
        self._most_open = WINDOW * len(actors)
        self._loading: dict[Any, Any] = {actor.ready.remote(): actor for actor in actors}
        self._free: list[Any] = []  # an actor for each call that it may be given
        self._calls: dict[Any, tuple[int, Batch, Any]] = {}  # by reference: number, batch, actor
        self._done: dict[int, tuple[Batch, list[Answer] | HostFailed]] = {}

    def answers(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Answer]]]:
        """The batches in their order; a failure is raised in its turn, when all before it is handed over.

        An actor takes part from when it has loaded the model; a run does not wait for those that find no place.
        """
        due, begun, may_begin = 0, 0, True
        while True:
            while may_begin and self._free and begun < due + self._most_open:
                batch = next(batches, None)
                if batch is None:
                    may_begin = False
                else:
                    self._begin(begun, batch, self._free.pop(0))
                    begun += 1
            if not may_begin and not self._calls:
                return
            may_begin &= self._wait()
            while due in self._done:
                batch, answers = self._done.pop(due)
                if isinstance(answers, HostFailed):
                    raise answers
                yield batch, answers
                due += 1

    def close(self) -> None:
        """Let the actors that take part end what they have started."""
        loading = set(self._loading.values())
        closing = [actor.close.remote() for actor in self._actors if actor not in loading]
        if closing:
            self._ray.wait(closing, num_returns=len(closing), timeout=CLOSE_SECONDS)

    def _wait(self) -> bool:
        """Wait until an actor has loaded, or a call is answered; False if the host failed."""
        [done], _ = self._ray.wait([*self._calls, *self._loading], num_returns=1)
        if done in self._loading:
            self._free += [self._loaded(done)] * CALLS_PER_ACTOR
            return True
        number, batch, actor = self._calls.pop(done)
        self._free.append(actor)
        try:
            self._done[number] = batch, self._answers_of(done, batch, actor)
        except HostFailed as error:
            self._done[number] = batch, error
            return False
        return True

    def _loaded(self, ready: Any) -> Any:
        """The actor that said so; one that cannot load the model ends the run, as the others could not either."""
        try:
            self._ray.get(ready)
        except self._ray.exceptions.RayError as error:
            raise HostFailed(f"a worker cannot load the model ({_last_line(error)})") from error
        return self._loading.pop(ready)

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
