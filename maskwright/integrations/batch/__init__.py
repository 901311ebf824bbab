"""Batches: every row of a JSONL file gets one answer, exactly once, on one machine, in vLLM, or on a Ray cluster.

In reading order: `rows` (what comes in), `constraint` with `imports` (what texts have to satisfy), `answers` and
`output` (what goes out, and how it survives everything), `work` (what a batch is; the interfaces of models and
runners), `running` (a run). Models: `models`, with `prompting`, `transformers_engine` and `vllm_engine`. Runners:
`local`, and `ray_grammars`, `ray_actors`. `errors` has what ends a run.
"""

from maskwright.integrations.batch.answers import Written
from maskwright.integrations.batch.constraint import Constraint, Kind
from maskwright.integrations.batch.errors import (
    BatchError,
    DuplicateId,
    HostFailed,
    OutputOfAnotherRun,
    UnusableFile,
)
from maskwright.integrations.batch.local import run_here
from maskwright.integrations.batch.models import OnTransformers, OnVLLM, Sampling
from maskwright.integrations.batch.output import Tally
from maskwright.integrations.batch.ray_actors import OnRay
from maskwright.integrations.batch.rows import Fields, RowError
from maskwright.integrations.batch.running import Job, Progress, run
from maskwright.integrations.batch.work import Asking

__all__ = [
    "Asking",
    "BatchError",
    "Constraint",
    "DuplicateId",
    "Fields",
    "HostFailed",
    "Job",
    "Kind",
    "OnRay",
    "OnTransformers",
    "OnVLLM",
    "OutputOfAnotherRun",
    "Progress",
    "RowError",
    "Sampling",
    "Tally",
    "UnusableFile",
    "Written",
    "run",
    "run_here",
]
