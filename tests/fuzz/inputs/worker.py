"""One process that tries inputs of one target, by one engine; started and watched by `watching`.

    python -m tests.fuzz.inputs.worker TARGET ENGINE FOLDER --seed N --count N

`structure` draws inputs from the target's Hypothesis strategies. `coverage` lets atheris change inputs and keep those
that reach new code of the package; its modules are instrumented while they are imported, but for those with kernels,
which numba compiles as they are written. Both write failures to FOLDER/failures and never stop at one.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from tests.fuzz.inputs.trial import Trial

ADDRESSES: Final = 6 << 30
"""Beyond what is reserved at the beginning: an arena reserves addresses that it never touches."""
CHUNK: Final = 400
MAX_LENGTH: Final = 600
"""Of inputs that atheris makes, or as long as the longest of those that it begins with."""


def main() -> None:
    """Try inputs until they are `--count`, or until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    with (asked.folder / "stacks.txt").open("a", encoding="utf-8") as stacks:
        faulthandler.enable(stacks, all_threads=False)
        faulthandler.register(signal.SIGUSR1, stacks, all_threads=False)
        ENGINES[asked.engine](asked)


def by_structure(asked: argparse.Namespace) -> None:
    """Inputs of the target's strategy."""
    from tests.fuzz.inputs.trial import Trial

    trial = Trial.ready(asked.target, asked.folder)
    _bound_addresses()
    strategy = trial.target.contents()
    for first in range(0, asked.count, CHUNK):
        _draw(trial, strategy, asked.seed + first, min(CHUNK, asked.count - first))


def _draw(trial: Trial, strategy: SearchStrategy[bytes], seed_number: int, count: int) -> None:
    """Try so many inputs by structure; a short run each, for Hypothesis remembers all that it has drawn in one."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    @seed(seed_number)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=False)  # fmt: skip
    @given(strategy)
    def draw(content: bytes) -> None:
        trial.run(content)

    draw()


def by_coverage(asked: argparse.Namespace) -> None:
    """Inputs that atheris makes; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["maskwright"], exclude=modules_with_kernels()):
        from tests.fuzz.inputs.trial import Trial

        trial = Trial.ready(asked.target, asked.folder)

    _bound_addresses()
    corpus = asked.folder / "corpus" / asked.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(trial.target.starters()):
        (corpus / f"starter-{number}").write_bytes(content)
    longest = max([MAX_LENGTH, *(len(content) for content in trial.target.starters())])
    handled = "segv bus abrt ill fpe int term xfsz usr1 usr2".split()
    flags = [f"-handle_{name}=0" for name in handled]
    flags += [f"-runs={asked.count}", f"-seed={asked.seed + 1}", f"-max_len={longest}"]
    flags += ["-timeout=86400", "-rss_limit_mb=0", "-detect_leaks=0", "-reload=0", "-len_control=20"]  # it is watched
    flags += [f"-artifact_prefix={asked.folder}/"]
    if trial.target.pieces:  # an empty dictionary is an error
        dictionary = asked.folder / f"{asked.target}.dict"
        dictionary.write_text("".join(f'"{_escaped(piece)}"\n' for piece in trial.target.pieces), encoding="utf-8")
        flags.append(f"-dict={dictionary}")
    atheris.Setup([sys.argv[0], str(corpus), *flags], trial.run, internal_libfuzzer=True)
    atheris.Fuzz()


def _escaped(piece: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in piece.encode("utf-8", "surrogatepass"))


def modules_with_kernels() -> list[str]:
    """The modules of the package that numba has a part in, and those that hold what kernels call."""
    package = Path(__file__).parents[3] / "maskwright"
    return [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in sorted(package.rglob("*.py"))
        if path.name.startswith("_") or "numba" in path.read_text("utf-8")
    ]


def _bound_addresses() -> None:
    reserved = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (reserved + ADDRESSES, resource.RLIM_INFINITY))


ENGINES: Final = {"structure": by_structure, "coverage": by_coverage}


if __name__ == "__main__":
    main()
