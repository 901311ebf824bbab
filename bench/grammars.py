"""maskwright beside llguidance on grammars of whole languages: `python -m bench.grammars`.

Python, SQL, JSON and a language like C, as the same Lark text for both, on the same texts, one core:
mask and commit per token, on texts that the compiled grammar has not seen (cold) and once more (warm); compile time;
memory. Then maskwright alone on Python with its indentation.

    python -m bench.grammars
    python -m bench.grammars --texts 2 --grammars sql json
    python -m bench.grammars --engines llguidance-limited      # with its default limits: which texts does it finish?

Each grammar meets each engine in a process of its own, which has run a small grammar before. The first compilation is
that of a fresh process, the median is of all. `make bench` installs what it needs, as does `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bench.__main__ import choose_core
from bench.cases import data_home
from bench.grammar_figures import Answer, Figures, as_json, figures_of, print_compilation, print_times
from bench.measure import Question
from bench.report import describe_machine
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder
from bench.worker import EngineWorker, WorkerOptions
from bench.workloads.grammars.cases import ALONE, LARK, SHARED, GrammarCase

WIDTH_OF_FILES = 170
ENGINE_MODULES = {
    "maskwright": "bench.engines.maskwright_notations",
    "llguidance": "bench.engines.llguidance_notations",
    "llguidance-limited": "bench.engines.llguidance_limited",
}
DEFAULT_ENGINES = ["maskwright", "llguidance"]
WARM_UP_GRAMMAR = r"""lark
start: (NAME "=" (NAME | NUMBER | STRING | "(" start ")") ";")*
NAME: /[a-z]+/
NUMBER: /[0-9]+/
STRING: /"([^"\\\n]|\\.)*"/
%ignore /[ \n]+/
%ignore /#[^\n]*/
"""
WARM_UP_TEXT = 'a = "some \\" text"; # words\nlonger = (b = 12;); c = (d=a;e=7;);\n'


def main(arguments: list[str] | None = None) -> int:
    """Ask, print and save; 1 if an engine is missing or refuses a grammar or a text, 2 if the bench cannot start."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    makers = {**SHARED, **ALONE}
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-grammars.json"
    shared: dict[str, list[Figures]] = {}
    alone: dict[str, list[Figures]] = {}
    try:
        core = choose_core(options.core)
        with tokenizer_folder(options.tokenizer or data_home() / "tokenizer-llama3.tar.xz") as folder:
            tokenizer = load_tokenizer(folder)
            for name in options.grammars:
                case = makers[name](options.texts)
                answers = {
                    engine: _ask(engine, case, tokenizer, folder, core, options)
                    for engine in options.engines
                    if case.notation == LARK or engine == "maskwright"
                }
                if answers:
                    figures = figures_of(answers, list(case.texts))
                    (shared if name in SHARED else alone)[case.name] = figures
                    for one in figures:
                        line = f"{case.name}, {one.engine}: cold {one.cold.mean:,.1f} us, warm {one.warm.mean:,.1f} us"
                        console.print(line, highlight=False)
    except (FileNotFoundError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    console.print(f"Tokenizer {tokenizer.name} ({tokenizer.size:,} tokens), one core", style="bold", highlight=False)
    for group in (shared, alone):
        if group:
            print_times(console, group)
            print_compilation(console, group)
    everything = {**shared, **alone}
    document = {"machine": describe_machine(), "tokenizer": tokenizer.name, **as_json(everything)}
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")
    console.print(f"Written: {target}", highlight=False)
    return int(any(one.refusal or one.refused for figures in everything.values() for one in figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.grammars", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*SHARED, *ALONE]
    parser.add_argument("--grammars", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--engines", nargs="+", choices=ENGINE_MODULES, default=DEFAULT_ENGINES, metavar="ENGINE")
    parser.add_argument("--texts", type=int, metavar="N", help="only the first N texts of each grammar")
    parser.add_argument("--compiles", type=int, default=5, metavar="N", help="compilations (default: %(default)s)")
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: Llama 3)")
    parser.add_argument("--core", type=int, help="the core that engines are pinned to (default: the last one)")
    parser.add_argument("--cpu-time", action="store_true", help="processor time, not wall time: for busy machines")
    parser.add_argument("--limit-seconds", type=float, default=1800.0, metavar="S", help="for one grammar")
    parser.add_argument("--limit-gib", type=float, default=6.0, metavar="G", help="memory of one engine")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def _ask(
    engine: str, case: GrammarCase, tokenizer: Tokenizer, folder: Path, core: int | None, options: argparse.Namespace
) -> Answer:
    """One engine, one grammar, one process. Raises ValueError where the engine cannot be set up."""
    with ExitStack() as stack:
        worker = EngineWorker(
            WorkerOptions(
                engine_module=ENGINE_MODULES[engine],
                tokenizer_folder=folder,
                core=core,
                memory_bytes=int(options.limit_gib * 2**30),
                seconds_per_case=options.limit_seconds,
                verdicts_only=False,
                cpu_time=options.cpu_time,
                log=options.output / f"grammars-{engine}.log",
            )
        )
        stack.callback(worker.close)
        if worker.set_up.problem:
            raise ValueError(f"{engine}: {worker.set_up.problem}")
        warm_up = worker.ask(Question("warm-up", WARM_UP_GRAMMAR, _instances({"": WARM_UP_TEXT}, tokenizer)))
        compiled = [worker.ask(Question(case.name, case.specification, ())) for _ in range(options.compiles - 1)]
        measured = worker.ask(Question(case.name, case.specification, 2 * _instances(case.texts, tokenizer)))
        return Answer(measured, tuple(compiled), warm_up.rss_bytes)


def _instances(texts: dict[str, str], tokenizer: Tokenizer) -> tuple[tuple[tuple[int, ...], bool], ...]:
    return tuple((tuple(tokenizer.encode(text)), True) for text in texts.values())


if __name__ == "__main__":
    sys.exit(main())
