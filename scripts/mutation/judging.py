"""A pytest plugin that judges mutants: tests are collected once, and each mutant is tried in a fork of that process.

In the fork the function's code is replaced by the mutant's, so nothing is imported or collected again, no file is
written, and no machine code can be stale: the files of kernels (`_*.py`) are judged where numba is switched off, all
others with compiled kernels. A mutant is killed by a test that fails, or by one that takes far more time or memory than
it does without the fault. Limits of time are those of the processor, so that a busy machine kills nothing.

Which tests run: those that enter the function (`Coverage`, found in one run of all tests), the ones of the file of the
same name first, then the shorter ones, until their times add up to `budget_s`. Rejected: all tests of a function that
most tests enter, which takes minutes for every survivor and finds next to nothing more.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import select
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from maskwright import Compiler, Vocabulary
from scripts.mutation.kernels import replace
from scripts.mutation.mutants import Mutant, code_of, tree_of, units_of

TARGETS = ("maskwright/matching", "maskwright/automata")
IS_INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
SLOWEST_S = 1.5 if IS_INTERPRETED else 2.0
"""Tests that take longer are left out, unless told otherwise; some take minutes where kernels are interpreted."""
FEW = 2 if IS_INTERPRETED else 3
"""So many cases of a test are tried, unless told otherwise, and all that are marked as quick without machine code."""
MOST_COMPILING_S = 300
MOST_BYTES = 64 << 30
"""Addresses that a mutant's process may have beyond what its parent has."""

settings.register_profile(
    "mutation",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=20 if IS_INTERPRETED else 100,
    phases=[Phase.explicit, Phase.generate],  # that a test fails is enough, no smaller example is wanted
)


@dataclass
class Coverage:
    """Seconds of each test, and the functions (path, first line) that it enters; tests that fail have no entry."""

    seconds: dict[str, float]
    functions: dict[str, set[tuple[str, int]]]

    @classmethod
    def read(cls, path: Path, tests: Container[str]) -> Coverage:
        """What `Judge.cover` wrote of these tests."""
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [row for row in rows if row["passed"] and row["test"] in tests]
        return cls(
            {row["test"]: row["seconds"] for row in kept},
            {row["test"]: {(path, line) for path, line in row["functions"]} for row in kept},
        )

    def add_kernels(self, interpreted: Coverage) -> None:
        """Nobody sees compiled kernels entered: tests count if one of their file enters them elsewhere."""
        by_file: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for test, functions in interpreted.functions.items():
            by_file[test.split("::")[0]] |= {one for one in functions if is_kernel_file(one[0])}
        for test, functions in self.functions.items():
            functions |= by_file[test.split("::")[0]]

    def tests_of(self, mutant: Mutant, budget_s: float) -> list[str]:
        """The tests to run, in this order."""
        place = (mutant.path, mutant.first_line)
        namesake = f"test_{Path(mutant.path).stem.lstrip('_')}.py"
        entering = [test for test, functions in self.functions.items() if place in functions]
        entering.sort(key=lambda test: (f"/{namesake}::" not in test, self.seconds[test]))
        chosen: list[str] = []
        left = budget_s
        for test in entering:
            left -= self.seconds[test]
            if left < 0 and chosen:
                break
            chosen.append(test)
        files = list(dict.fromkeys(test.split("::")[0] for test in chosen))
        return sorted(chosen, key=lambda test: files.index(test.split("::")[0]))


def is_kernel_file(path: str) -> bool:
    """Does numba compile what is in it?"""
    return Path(path).name.startswith("_")


class Judge:
    """Takes the place of pytest's loop over tests."""

    def __init__(
        self, folder: Path, mutants: list[Mutant], *, budget_s: float, slowest_s: float, n_cases: int, until: float
    ) -> None:
        self._map = folder / f"coverage-{'interpreted' if IS_INTERPRETED else 'compiled'}.jsonl"
        self._map_of_kernels = folder / "coverage-interpreted.jsonl"
        self._results = folder / "results.jsonl"
        self._mutants = mutants
        self._budget_s = budget_s
        self._slowest_s = slowest_s
        self._n_cases = n_cases
        self._until = until

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out most cases of tests that have many."""
        n_cases: dict[str, int] = defaultdict(int)
        kept = []
        for item in items:
            n_cases[test := item.nodeid.partition("[")[0]] += 1
            if n_cases[test] <= self._n_cases or item.get_closest_marker("no_jit") is not None:
                kept.append(item)
        items[:] = kept

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Cover, then judge; pytest itself runs nothing."""
        self._items = {item.nodeid: item for item in session.items}
        if not IS_INTERPRETED:
            Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])).warm_up()
        self.cover()
        coverage = Coverage.read(self._map, self._items)
        if not IS_INTERPRETED and self._map_of_kernels.exists():
            coverage.add_kernels(Coverage.read(self._map_of_kernels, self._items))
        functions = _functions_by_place()
        for mutant in self._mutants:
            if time.time() > self._until:
                break
            result = self._judged(mutant, coverage, functions)
            with self._results.open("a") as out:
                out.write(
                    json.dumps(asdict(mutant) | {"name": mutant.name, "budget_s": self._budget_s} | result) + "\n"
                )
        return True

    def cover(self) -> None:
        """Run every test that was not run before, each file in a fork of its own, noting what it enters.

        Those that took too long are run again where they may take longer now.
        """
        self._map.touch()
        rows = [json.loads(line) for line in self._map.read_text().splitlines()]
        known = {row["test"] for row in rows if row["passed"] or row["seconds"] >= self._slowest_s}
        by_file: dict[str, list[str]] = defaultdict(list)
        for test in self._items:
            if test not in known:
                by_file[test.split("::")[0]].append(test)
        for tests in by_file.values():
            while tests:
                n_before = len(self._map.read_text().splitlines())
                _in_fork(lambda _, tests=tests: self._run_covered(tests), 600)
                n_done = len(self._map.read_text().splitlines()) - n_before
                if n_done < len(tests):  # one took too long
                    self._note(tests[n_done], False, self._slowest_s, set())
                del tests[: n_done + 1]

    def _run_covered(self, tests: list[str]) -> None:
        unit_of = _units_by_line()
        for number, test in enumerate(tests):
            entered: set[CodeType] = set()

            def trace(frame: FrameType, *_: Any, entered: set[CodeType] = entered) -> None:
                entered.add(frame.f_code)

            before = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, 1.5 * self._slowest_s)
            signal.setitimer(signal.ITIMER_REAL, 20 * self._slowest_s)
            sys.settrace(trace)
            threading.settrace(trace)
            passed = self._passes(test, tests[number + 1] if number + 1 < len(tests) else None)
            sys.settrace(None)
            seconds = time.process_time() - before
            found = {unit_of[code.co_filename][code.co_firstlineno] for code in entered if code.co_filename in unit_of}
            self._note(test, passed and seconds <= self._slowest_s, seconds, found - {("", 0)})

    def _note(self, test: str, passed: bool, seconds: float, functions: Iterable[tuple[str, int]]) -> None:
        row = {"test": test, "passed": passed, "seconds": round(seconds, 4), "functions": sorted(functions)}
        with self._map.open("a") as out:
            out.write(json.dumps(row) + "\n")

    def _passes(self, test: str, following: str | None) -> bool:
        item = self._items[test]
        after = None if following is None else self._items[following]
        return not any(report.failed for report in runtestprotocol(item, nextitem=after, log=False))

    def _judged(
        self, mutant: Mutant, coverage: Coverage, functions: dict[tuple[str, int], list[FunctionType]]
    ) -> dict[str, Any]:
        tests = coverage.tests_of(mutant, self._budget_s)
        place = (str(Path(mutant.path).resolve()), mutant.first_line)
        if not tests or not functions[place]:
            return {"outcome": "uncovered", "n_tests": 0}
        begin = time.time()

        def tried(tell: Callable[[str], None]) -> None:
            random.seed(0)
            code = code_of(mutant)
            least_limit_s = 10
            if is_kernel_file(mutant.path) and not IS_INTERPRETED:
                least_limit_s = MOST_COMPILING_S  # in whichever test that may be
                replace(place, code)
            else:
                for function in functions[place]:
                    function.__code__ = code
            for number, test in enumerate(tests):
                limit_s = least_limit_s + 5 * coverage.seconds[test]
                signal.setitimer(signal.ITIMER_PROF, limit_s)
                signal.setitimer(signal.ITIMER_REAL, 60 + 10 * limit_s)
                tell(f"during {test}\n")
                if not self._passes(test, tests[number + 1] if number + 1 < len(tests) else None):
                    tell("killed\n")
                    return
            tell("survived\n")

        told, status = _in_fork(tried, 1200)
        *during, last = told.split("\n")[:-1] or [""]
        by = (last if last.startswith("during") else during[-1] if during else "").removeprefix("during ")
        assert not last.startswith("raised"), last
        outcome = last if last in {"killed", "survived"} else "killed by a limit"
        return {
            "outcome": outcome,
            "by": "" if outcome == "survived" else by,
            "status": status,
            "n_tests": len(tests),
            "seconds": round(time.time() - begin, 2),
        }


def _in_fork(work: Callable[[Callable[[str], None]], None], most_s: float) -> tuple[str, int]:
    """What `work` told before its process ended, which it does after so many seconds at the latest, and its status."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reading)
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silent, number)
        addresses = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (addresses + MOST_BYTES, addresses + MOST_BYTES))
        try:
            work(lambda text: os.write(writing, text.encode()) and None)
        except BaseException as error:  # noqa: BLE001  it belongs to the parent's loop
            os.write(writing, f"raised {type(error).__name__}: {str(error)[:200]!r}\n".encode())
        finally:
            os._exit(0)
    os.close(writing)
    told, end = b"", time.time() + most_s
    while select.select([reading], [], [], max(0, end - time.time()))[0]:
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        told += piece
    os.close(reading)
    try:
        os.killpg(child, signal.SIGKILL)  # with what it may have started
    except ProcessLookupError:
        pass
    return told.decode(), os.waitpid(child, 0)[1]


def _functions_by_place() -> dict[tuple[str, int], list[FunctionType]]:
    """The functions that exist now, by file and first line."""
    found: dict[tuple[str, int], list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found[one.__code__.co_filename, one.__code__.co_firstlineno].append(one)
    return found


def _units_by_line() -> dict[str, dict[int, tuple[str, int]]]:
    """By full path and line: the function there, as (path, first line), or ("", 0)."""
    found = {}
    for target in TARGETS:
        for path in Path(target).rglob("*.py"):
            lines: dict[int, tuple[str, int]] = defaultdict(lambda: ("", 0))
            for unit in units_of(tree_of(str(path))):
                for line in range(unit.first_line, unit.last_line + 1):
                    lines[line] = (str(path), unit.first_line)
            found[str(path.resolve())] = lines
    return found
