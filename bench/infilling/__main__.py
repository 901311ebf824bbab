"""The command line: `python -m bench.infilling`, or `--quick` for a first look.

Everything runs on one pinned core, one thing after the other. Tokenizers other than the bundled one are looked for in
MASKWRIGHT_DATA or ../shared/data; what is not there is left out, and the table says so.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from bench.__main__ import choose_core
from bench.infilling import additive, blow_up, joint, proposals, speed
from bench.infilling import report as tables
from bench.infilling.material import (
    BUNDLED,
    GRAMMARS,
    JSON,
    VOCABULARIES,
    Missing,
    Words,
    make_kernels_ready,
    words_of,
)
from bench.infilling.timing import load_text
from bench.sampling.report import Report, Section, print_section, write

WIDTH_OF_FILES = 200

Add = Callable[[Section, object], None]
Figures = TypeVar("Figures")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and save."""
    options = _parser().parse_args(arguments)
    if options.quick:
        options.vocabularies, options.grammars, options.lengths = [BUNDLED], [JSON], [16, 64]
        options.runs, options.steps, options.canvases, options.texts = 1, 20, 3, 1
        options.schedulers, options.limit = ["top_k"], 60.0
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    core = choose_core(options.core)
    if core is not None:
        os.sched_setaffinity(0, {core})
    report = Report()

    def add(section: Section, records: object) -> None:
        print_section(console, section)
        report.add(section, records)

    make_kernels_ready()
    for part in options.parts:
        PARTS[part](options, add)
    told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    paths = write(report, options.output, time.strftime("%Y%m%d-%H%M%S"), told, "infilling")
    console.print("written:", *map(str, paths), soft_wrap=True, highlight=False)
    return 0


def _by_vocabulary(
    names: Sequence[str], measure: Callable[[Words], Sequence[Figures]]
) -> tuple[list[Figures], list[Missing]]:
    found: list[Figures] = []
    missing: list[Missing] = []
    for words in words_of(names):
        if isinstance(words, Missing):
            missing.append(words)
        else:
            found += measure(words)
    return found, missing


def _speed(options: argparse.Namespace, add: Add) -> None:
    before = load_text()
    plan = speed.Plan(tuple(options.lengths), _main_length(options), runs=options.runs)
    found, missing = _by_vocabulary(
        options.vocabularies,
        lambda words: [
            speed.measure(words, grammar, plan, options.limit)
            for grammar in options.grammars
            if grammar == JSON or words.name in {BUNDLED, "gpt2"}
        ],
    )
    for section in tables.speed_sections(found, missing, _loads(before)):
        add(section, found)


def _proposals(options: argparse.Namespace, add: Add) -> None:
    before = load_text()
    found, missing = _by_vocabulary(
        options.vocabularies, lambda words: [proposals.measure(words, _main_length(options), 50, 5)]
    )
    for section in tables.proposal_sections(found, missing, _loads(before)):
        add(section, found)


def _joint(options: argparse.Namespace, add: Add) -> None:
    before = load_text()
    ks = [2, 4, 8, joint.ALL_SLOTS]
    found, missing = _by_vocabulary(_smaller(options), lambda words: list(joint.measure(words, 24, ks, options.steps)))
    add(tables.joint_section(found, missing, _loads(before)), found)


def _additive(options: argparse.Namespace, add: Add) -> None:
    before = load_text()
    found, missing = _by_vocabulary(_smaller(options), lambda words: [additive.measure(words, options.canvases)])
    add(tables.additive_section(found, missing, _loads(before)), found)


def _denoising(options: argparse.Namespace, add: Add) -> None:
    from bench.infilling import denoising

    before = load_text()
    setting = denoising.Setting(options.slots, options.denoising_steps, options.texts)
    found = []
    for name in options.schedulers:
        for way in denoising.WAYS:
            found.append(setting.figures(name, way))
            print(f"{name}, {way}: {found[-1].n_valid} of {found[-1].n_texts} valid", flush=True)
    add(
        tables.denoising_section(found, setting.refused, options.slots, options.denoising_steps, _loads(before)),
        {"figures": found, "refused": setting.refused},
    )


def _blow_up(options: argparse.Namespace, add: Add) -> None:
    before = load_text()
    found, missing = _by_vocabulary(_smaller(options), lambda words: [blow_up.measure(words, options.limit)])
    add(tables.blow_up_section(found, missing, _loads(before)), found)


PARTS: dict[str, Callable[[argparse.Namespace, Add], None]] = {
    "speed": _speed,
    "proposals": _proposals,
    "joint": _joint,
    "additive": _additive,
    "denoising": _denoising,
    "blow-up": _blow_up,
}


def _main_length(options: argparse.Namespace) -> int:
    """The length of the canvases that are looked at closely: 256, or the longest below."""
    lengths: list[int] = options.lengths
    return max((one for one in lengths if one <= 256), default=min(lengths))


def _smaller(options: argparse.Namespace) -> list[str]:
    """The vocabularies for parts in which a larger one changes little."""
    return [name for name in options.vocabularies if name in {BUNDLED, "gpt2"}] or options.vocabularies


def _loads(before: str) -> str:
    return f"Machine: {before} before, {load_text()} after."


def _parser() -> argparse.ArgumentParser:
    from maskwright.sampling.infilling.schedulers.names import SCHEDULERS

    parser = argparse.ArgumentParser(prog="python -m bench.infilling", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="few runs: does everything work?")
    parser.add_argument("--vocabularies", nargs="+", choices=VOCABULARIES, default=list(VOCABULARIES))
    parser.add_argument("--grammars", nargs="+", choices=GRAMMARS, default=list(GRAMMARS))
    parser.add_argument("--lengths", type=int, nargs="+", default=[64, 128, 256, 512], metavar="N", help="of canvases")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of 40 choices each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=1000, metavar="N", help="of joint choices (default: %(default)s)")
    parser.add_argument("--canvases", type=int, default=25, metavar="N", help="of additive gaps (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=4, metavar="N", help="denoised per schema (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=128, metavar="N", help="denoised (default: %(default)s)")
    parser.add_argument("--denoising-steps", type=int, default=16, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--schedulers", nargs="+", choices=SCHEDULERS, default=list(SCHEDULERS))
    parser.add_argument(
        "--limit", type=float, default=180.0, metavar="S", help="seconds for one grammar (default: %(default)s)"
    )
    parser.add_argument("--core", type=int, help="the core to run on (default: the last one)")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parents[1] / "results", help="folder of the files"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
