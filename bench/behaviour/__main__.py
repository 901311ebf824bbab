"""The command line: `python -m bench.behaviour`, or `--quick` for a first look.

AgentLTL stands beside ours where it is installed (`pip install agentltl`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

import maskwright as mw
from bench.__main__ import choose_core, default_tokenizer
from bench.behaviour import blow_up, compiling, examples, masks, peer, stepping
from bench.behaviour import report as tables
from bench.sampling.report import Report, Section, print_section, write
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder
from maskwright.integrations.huggingface import vocabulary_of

WIDTH_OF_FILES = 200


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and save."""
    options = _parser().parse_args(arguments)
    if options.quick:
        options.steps, options.scripts, options.repetitions, options.runs = [50, 100], 3, 1, 5
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    core = choose_core(options.core)
    if core is not None:
        os.sched_setaffinity(0, {core})
    report = Report()
    with ExitStack() as stack:
        folder = stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer()))
        for part in options.parts:
            PARTS[part](options, folder, lambda section, records: _add(console, report, section, records))
    told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    paths = write(report, options.output, time.strftime("%Y%m%d-%H%M%S"), told, "behaviour")
    console.print("written:", *map(str, paths), soft_wrap=True, highlight=False)
    return 0


Add = Callable[[Section, object], None]


def _add(console: Console, report: Report, section: Section, records: object) -> None:
    print_section(console, section)
    report.add(section, records)


def _stepping(options: argparse.Namespace, _folder: Path, add: Add) -> None:
    found = stepping.measure(options.steps, max(3, options.repetitions))
    agreement = stepping.agreement(4, 60) if peer.is_installed() else None
    refused = stepping.refusals(min(options.steps)) if peer.is_installed() else None
    foresight, version = stepping.foresight(), peer.version() if peer.is_installed() else ""
    section = tables.stepping_section(found, agreement, foresight, refused, version)
    add(section, {"timings": found, "agreement": agreement, "foresight": foresight, "refusals": refused})


def _compiling(options: argparse.Namespace, folder: Path, add: Add) -> None:
    figures = list(compiling.measure(_compiler(load_tokenizer(folder)), options.repetitions))
    add(tables.compile_section(figures), figures)


def _masks(options: argparse.Namespace, folder: Path, add: Add) -> None:
    tokenizer = load_tokenizer(folder)
    compiler = _compiler(tokenizer)
    found = list(masks.measure(compiler, tokenizer.encode, tokenizer.eos_token_id, examples.EXAMPLES, options.scripts))
    add(tables.mask_section(found, tokenizer.size), found)
    cost = masks.cost_of_rules(compiler, tokenizer.encode, tokenizer.eos_token_id, options.scripts, 5)
    add(tables.rules_section(cost), cost)


def _blow_up(_options: argparse.Namespace, folder: Path, add: Add) -> None:
    figures = list(blow_up.measure(folder))
    add(tables.blow_up_section(figures), figures)


def _validity(options: argparse.Namespace, _folder: Path, add: Add) -> None:
    from bench.behaviour import settings, tiny_agent, validity

    _use_one_thread()
    for setting in (settings.own_words(), settings.react()):
        agents = list(tiny_agent.make_agents(setting, options.shots))
        found = list(validity.measure(agents, options.runs, options.attempts))
        add(tables.validity_section(setting.name, options.runs, found), found)


def _react(options: argparse.Namespace, _folder: Path, add: Add) -> None:
    from bench.behaviour import react_loop, settings, tiny_agent

    _use_one_thread()
    found = []
    for setting in (settings.react(), settings.own_words()):
        (agent,) = tiny_agent.make_agents(setting, [1])
        found.append(react_loop.measure(agent, options.runs))
    add(tables.loop_section(found), found)


def _interference(options: argparse.Namespace, _folder: Path, add: Add) -> None:
    from bench.behaviour import interference

    _use_one_thread()
    found = interference.measure(20, 5 * options.runs)
    add(tables.interference_section(found), found)


PARTS: dict[str, Callable[[argparse.Namespace, Path, Add], None]] = {
    "stepping": _stepping,
    "compiling": _compiling,
    "masks": _masks,
    "blow-up": _blow_up,
    "validity": _validity,
    "react": _react,
    "interference": _interference,
}


def _compiler(tokenizer: Tokenizer) -> mw.Compiler:
    return mw.Compiler(vocabulary_of(tokenizer.huggingface))


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.behaviour", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="few runs: does everything work?")
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 100, 200, 400], metavar="N", help="of a trace")
    parser.add_argument("--scripts", type=int, default=20, metavar="N", help="traces for masks (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=5, metavar="R", help="of each time (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=200, metavar="N", help="of an agent (default: %(default)s)")
    parser.add_argument("--shots", type=int, nargs="+", default=[0, 1, 3], metavar="N", help="worked examples")
    parser.add_argument("--attempts", type=int, nargs="+", default=[3], metavar="N", help="of the monitor at one place")
    parser.add_argument(
        "--tokenizer", type=Path, help="a Hugging Face folder or an archive of one (default: as for `python -m bench`)"
    )
    parser.add_argument("--core", type=int, help="the core to run on (default: the last one)")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parents[1] / "results", help="folder of the files"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
