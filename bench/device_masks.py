"""Masks over logits: `python -m bench.device_masks`, beside XGrammar's and llguidance's; what a step sends to a device.

Times: all engines mask the same float32 logits by the same bits, in turns, and must agree bit by bit. Three kinds of
masks, their bits at random: `few` allows a token in a thousand, `many` forbids one in a thousand, `mixed` half of them.
On the CPU it is processor time of one thread, the median of as many calls as fit into the time for each; rows that
fit into a cache lie there, as they do when a model has just written them. Where CUDA is, the same on the device
(wall time of calls in a row, until the device has done them).

Fused: mask, log-softmax and the mass that the mask keeps, beside torch's own operations.

Traffic: texts of the development cases in step, their masks on a device (`ResidentRows`, whose own figures are shown;
the table lies on the CPU, where it sends the same bytes), beside the packed bitmask of each step.

    python -m bench.device_masks
    python -m bench.device_masks --sizes 32000 --batches 1 8 --seconds 0.05
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bench.__main__ import WIDTH_OF_FILES, default_tokenizer
from bench.device_traffic import TrafficFigures, measure_traffic
from bench.report import describe_machine, time_text
from bench.tokenizer import load_tokenizer, tokenizer_folder
from maskwright.integrations.torch_masks import mask_logits, masked_log_softmax

ENGINES = ("maskwright", "xgrammar", "llguidance")
SHARES = {"few": 0.001, "many": 0.999, "mixed": 0.5}
"""Kind -> the share of tokens that are allowed."""
MIN_CALLS = 5
MAX_CALLS = 400
CALLS_IN_A_ROW = 20
"""On a device, which is asked for all of them before it is waited for."""

Engine = Callable[[Any, Any], object]


@dataclass(frozen=True, slots=True)
class Figure:
    """One engine on logits float32[batch, size]: microseconds of a call."""

    engine: str
    device: str
    size: int
    batch: int
    kind: str
    us: float


def engine_of(name: str) -> Engine:
    """What masks torch logits by a torch bitmask, in place; raises ImportError where it is not installed."""
    if name == "xgrammar":
        import xgrammar

        return xgrammar.apply_token_bitmask_inplace
    if name == "llguidance":
        import llguidance.torch

        return llguidance.torch.apply_token_bitmask_inplace
    return mask_logits


def random_bitmask(rng: np.random.Generator, batch: int, size: int, kind: str) -> Any:
    """torch int32[batch, ceil(size / 32)] in which a token is allowed with the chance of its kind."""
    allowed = rng.random((batch, -(-size // 32) * 32), dtype=np.float32) < SHARES[kind]
    allowed[:, 0] = True
    return torch.from_numpy(np.packbits(allowed, axis=-1, bitorder="little").view(np.int32).copy())


def masked_by_torch(logits: Any, bitmask: Any) -> Any:
    """What the fused call replaces: a masked copy, its log-softmax, and the mass by two sums."""
    masked = logits.clone()
    mask_logits(masked, bitmask)
    mass = torch.logsumexp(masked, dim=-1) - torch.logsumexp(logits, dim=-1)
    return torch.log_softmax(masked, dim=-1), mass


def us_of(call: Callable[[], object], device: str, seconds: float) -> float:
    """Microseconds of a call, the median of some after one that is not counted."""
    call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < MIN_CALLS or (len(times) < MAX_CALLS and time.perf_counter() < end):
        if device == "cpu":
            began = time.thread_time()
            call()
            times.append(time.thread_time() - began)
        else:
            torch.cuda.synchronize()
            began = time.perf_counter()
            for _ in range(CALLS_IN_A_ROW):
                call()
            torch.cuda.synchronize()
            times.append((time.perf_counter() - began) / CALLS_IN_A_ROW)
    return 1e6 * float(np.median(times))


def measure_masks(options: argparse.Namespace, device: str) -> Iterator[list[Figure]]:
    """All engines on one workload after the other."""
    rng = np.random.default_rng(0)
    for size in options.sizes:
        for batch in options.batches:
            logits = torch.from_numpy(rng.standard_normal((batch, size), dtype=np.float32)).to(device)
            for kind in SHARES:
                bitmask = random_bitmask(rng, batch, size, kind).to(device)
                figures = []
                expected = None
                for name in options.engines:
                    masked = logits.clone()
                    us = us_of(partial(engine_of(name), masked, bitmask), device, options.seconds)
                    expected = masked if expected is None else expected
                    if not torch.equal(masked, expected):
                        raise ValueError(f"{name} masks otherwise")
                    figures.append(Figure(name, device, size, batch, kind, us))
                yield figures


def measure_fused(options: argparse.Namespace, device: str) -> Iterator[list[Figure]]:
    """The fused call and torch's, on half-open masks."""
    rng = np.random.default_rng(1)
    for size in options.sizes:
        for batch in [batch for batch in options.batches if batch <= options.fused_batch]:
            logits = torch.from_numpy(rng.standard_normal((batch, size), dtype=np.float32)).to(device)
            bitmask = random_bitmask(rng, batch, size, "mixed").to(device)
            ways: dict[str, Engine] = {"maskwright": masked_log_softmax, "torch": masked_by_torch}
            yield [
                Figure(
                    name, device, size, batch, "mixed", us_of(partial(way, logits, bitmask), device, options.seconds)
                )
                for name, way in ways.items()
            ]


def main(arguments: list[str] | None = None) -> int:
    """Run, print and save."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    masks, fused = [], []
    for device in devices:
        masks += list(measure_masks(options, device))
        fused += list(measure_fused(options, device))
        print_figures(console, f"Mask applied in place, {device}", [one for one in masks if one[0].device == device])
        print_figures(
            console, f"Log-softmax and kept mass, {device}", [one for one in fused if one[0].device == device]
        )
    if len(devices) == 1:
        console.print("No CUDA device: Triton's kernels were not run")
    traffic: list[TrafficFigures] = []
    if options.traffic_batches:
        with tokenizer_folder(options.tokenizer or default_tokenizer()) as folder:
            tokenizer = load_tokenizer(folder)
            traffic = [
                figures
                for batch in options.traffic_batches
                for figures in measure_traffic(tokenizer, options.cases, batch)
            ]
        print_traffic(console, traffic)
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-device-masks.json"
    document = {
        "machine": describe_machine(),
        "torch": torch.__version__,
        "masks": [asdict(figure) for figures in masks for figure in figures],
        "fused": [asdict(figure) for figures in fused for figure in figures],
        "traffic": [asdict(figures) for figures in traffic],
    }
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")
    console.print(f"Written: {target}", highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.device_masks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), metavar="ENGINE")
    parser.add_argument("--sizes", nargs="+", type=int, default=[32_000, 128_256, 262_144], metavar="V")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 32, 256], metavar="N")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each figure (default: %(default)s)")
    parser.add_argument("--fused-batch", type=int, default=32, metavar="N", help="the largest (default: %(default)s)")
    parser.add_argument("--traffic-batches", nargs="*", type=int, default=[1, 32, 256], metavar="N")
    parser.add_argument("--cases", type=Path, help="a folder or archive (default: as python -m bench)")
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def print_figures(console: Console, title: str, figures: list[list[Figure]]) -> None:
    """A row for each workload, a column for each engine."""
    names = [figure.engine for figure in figures[0]]
    table = Table("logits", "allowed", *names, title=title)
    for one in figures:
        first = one[0]
        table.add_row(f"{first.batch} x {first.size:,}", first.kind, *[time_text(figure.us) for figure in one])
    console.print(table)


def print_traffic(console: Console, traffic: list[TrafficFigures]) -> None:
    """Bytes a sequence and step, resident and not."""
    table = Table("sequences", "grammars", "pass", "steps", "rows sent: finished", "not", "bytes", "bitmask")
    for one in traffic:
        table.add_row(
            str(one.n_sequences),
            str(one.n_grammars),
            str(one.number),
            str(one.n_steps),
            str(one.n_finished),
            str(one.n_unfinished),
            f"{one.bytes_per_sequence:,.1f}",
            f"{one.bitmask_bytes:,}",
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
