"""The command line: `python -m bench.sampling`, or `--quick` for a first look."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.__main__ import choose_core
from bench.sampling import genlm, our_methods, quality, random_gpt2, table_lm
from bench.sampling.method import Method, Setting
from bench.sampling.reference import PREFIXES_AT_ONCE
from bench.sampling.report import Report, print_section, quality_section, run_section, write
from bench.sampling.tasks import TASK_NAMES, read_task

PARTS = ("table", "model", "quality")
WIDTH_OF_FILES = 200


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and save."""
    options = _parser().parse_args(arguments)
    if options.quick:
        options.repetitions, options.texts, options.peer_texts, options.rounds = 2, 20, 4, 2
        options.sizes = options.sizes[:1]
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    core = choose_core(options.core)
    if core is not None:
        os.sched_setaffinity(0, {core})
    if not genlm.is_installed():
        console.print("genlm-control is not installed (pip install 'maskwright[bench]'): maskwright alone is measured")
    _use_one_thread()
    report = Report()
    if "table" in options.parts:
        _measure_table(options, console, report)
    if "model" in options.parts:
        _measure_model(options, console, report)
    if "quality" in options.parts:
        _measure_quality(options, console, report)
    told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    paths = write(report, options.output, time.strftime("%Y%m%d-%H%M%S"), told)
    console.print("written:", *map(str, paths), soft_wrap=True, highlight=False)
    return 0


def _measure_table(options: argparse.Namespace, console: Console, report: Report) -> None:
    for size, (log_z, figures) in table_lm.measure(tuple(options.sizes), options.repetitions).items():
        heading = f"Sampling alone, {size:,} tokens, N={table_lm.N_PARTICLES}, τ={table_lm.THRESHOLD}"
        remark = f"{options.repetitions} runs each in turns, medians; exact log Z {log_z:.3f}."
        section = run_section(heading, remark, figures)
        print_section(console, section)
        report.add(section, {"log_z": log_z, "figures": figures})


def _measure_model(options: argparse.Namespace, console: Console, report: Report) -> None:
    figures = random_gpt2.measure(options.repetitions)
    heading = f"Random GPT-2, `{random_gpt2.PATTERN}`, N={random_gpt2.N_PARTICLES}, τ={random_gpt2.THRESHOLD}"
    remark = f"{options.repetitions} runs each in turns, medians; times include the model's."
    section = run_section(heading, remark, figures)
    print_section(console, section)
    report.add(section, {"figures": figures})


def _measure_quality(options: argparse.Namespace, console: Console, report: Report) -> None:
    import maskwright as mw
    from maskwright.integrations.generation import load_model

    loaded = load_model()
    compiler = mw.Compiler(loaded.vocabulary)
    for name in options.tasks:
        with console.status(f"{name}: finding the target") as status:
            setting = Setting.of(read_task(name), loaded, compiler)
            figures = quality.measure(
                setting,
                _chosen(options.methods, our_methods.quality_methods(options.particles)),
                options.texts,
                options.rounds,
                status.update,
            )
            if genlm.is_installed():
                methods = _chosen(options.methods, genlm.quality_methods(options.particles, (0.5,)))
                figures += quality.measure(setting, methods, options.peer_texts, options.rounds, status.update)
        truth = setting.reference.distribution
        remark = (
            f"{setting.task.about}. Prompt {setting.task.prompt!r}; log Z {truth.log_z:.3f}; "
            f"{len(truth.texts):,} texts from {truth.n_rows:,} prefixes, the others weigh less than "
            f"{setting.reference.remainder:.0e} of them; masked decoding has TV "
            f"{setting.reference.masked_total_variation:.3f}. Times are without the model, whose rows take "
            f"{setting.ms_per_row:.2g} ms each, {PREFIXES_AT_ONCE} at a time."
        )
        section = quality_section(f"Quality: {name}", remark, figures)
        print_section(console, section)
        found = {"log_z": truth.log_z, "n_texts": len(truth.texts), "n_rows": truth.n_rows}
        report.add(section, {**found, "remainder": setting.reference.remainder, "figures": figures})


def _chosen(words: Sequence[str], methods: Sequence[Method]) -> list[Method]:
    return [one for one in methods if not words or any(word in f"{one.engine} {one.name}" for word in words)]


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.sampling", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="few runs and texts: does everything work?")
    parser.add_argument("--repetitions", type=int, default=100, metavar="R", help="runs (default: %(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32_000, 128_000], metavar="V", help="of the table")
    parser.add_argument("--tasks", nargs="+", choices=TASK_NAMES, default=list(TASK_NAMES), help="for quality")
    parser.add_argument("--methods", nargs="+", default=[], metavar="WORD", help="only those with one of these words")
    parser.add_argument("--texts", type=int, default=1_000, metavar="N", help="of each method (default: %(default)s)")
    parser.add_argument(
        "--peer-texts", type=int, default=200, metavar="N", help="of each method of the peer (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="R", help="of turns (default: %(default)s)")
    parser.add_argument("--particles", type=int, default=10, metavar="N", help="of each run (default: %(default)s)")
    parser.add_argument("--core", type=int, help="the core to run on (default: the last one)")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parents[1] / "results", help="folder of the files"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
