"""Where the time goes, as a flame graph: `python -m bench.flame` writes docs/figures/flame.svg.

py-spy takes samples of a child process that compiles a fixed sample of schemas, masks their valid texts for the first
time, and then a second time; the three are drawn one below another, each with the time that it takes. A sampler
cannot see into compiled kernels: what stands below the Python functions is the kernel that the sampled line calls,
named by looking the line up (kernels that are called by kernels are part of them).

    python -m bench.flame
    python -m bench.flame --sample 400 --output /tmp/flame.svg
    make bench installs py-spy; it is allowed to look into the processes that it starts itself

Rejected: cProfile, which slows calls down by more than the calls cost here; `perf`, which knows no name of a kernel.
"""

from __future__ import annotations

import argparse
import importlib
import linecache
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.__main__ import default_tokenizer
from bench.cases import WORKLOADS, data_home, read_cases, sample_cases
from bench.tokenizer import load_tokenizer, tokenizer_folder

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "figures" / "flame.svg"
PHASES = {"compile_all": "compile", "first_pass": "first pass", "second_pass": "second pass"}
"""Functions of this module that the child spends its time in, and what they are called in the figure."""
REPEATS = 10
"""How often the second pass is run, so that it is sampled often enough; its time is divided by that."""

WIDTH, ROW, TOP = 1200, 18, 42
MIN_WIDTH = 1.5
MAX_DEPTH = 18
CHARACTER = 6.3
COLOURS = ("#f3d9a4", "#efe3c8", "#e9d2b0", "#f1e0b4")
FONT = 'font-family="monospace" font-size="10.5"'
FRAME = re.compile(r"(?P<name>.+) \((?P<path>.+?)(?::(?P<line>\d+))?\)")


@dataclass(slots=True)
class Node:
    """A function in a context: `weight` is the time of everything in it, in samples."""

    weight: float = 0.0
    is_kernel: bool = False
    inner: dict[str, Node] = field(default_factory=dict)


def main(arguments: list[str] | None = None) -> int:
    """Sample and draw; 2 if that is not possible here."""
    options = _parser().parse_args(arguments)
    if options.child:
        _work(options.sample)
        return 0
    sampler = shutil.which("py-spy", path=Path(sys.executable).parent) or shutil.which("py-spy")
    if sampler is None:
        print("bench: py-spy is not installed (pip install 'maskwright[bench]')", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "stacks"
        how = ["--format", "raw", "--rate", str(options.rate), "--full-filenames", "--output", str(raw)]
        child = [sys.executable, "-m", "bench.flame", "--child", "--sample", str(options.sample)]
        subprocess.run([sampler, "record", *how, "--", *child], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        root = fold(raw.read_text(encoding="utf-8").splitlines())
    if not all(phase.weight for phase in root.inner.values()):
        print("bench: there is a phase without a sample: take more cases", file=sys.stderr)
        return 2
    title = (
        f"maskwright, {options.sample} cases drawn with seed 0: every schema compiled, every valid text masked twice"
    )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(draw(root, title, options.rate), encoding="utf-8")
    for name, phase in root.inner.items():
        print(f"{name}: {phase.weight / options.rate:.2f} s, {_kernel_share(phase):.0%} of it in kernels")
    print(f"Written: {options.output} ({options.output.stat().st_size:,} bytes)")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.flame", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=300, metavar="N", help="cases (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=500, metavar="HZ", help="samples a second (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=TARGET, help="(default: docs/figures/flame.svg)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


# The child: what is sampled.


def _work(sample: int) -> None:
    import maskwright as mw
    from bench.worker import WARM_UP_SCHEMA, WARM_UP_TEXT

    archive = data_home() / "maskbench-dev.tar.xz"
    cases = sample_cases(read_cases(archive if archive.exists() else WORKLOADS), sample, 0)
    with tokenizer_folder(default_tokenizer()) as folder:
        tokenizer = load_tokenizer(folder)
    compiler = mw.Compiler(mw.Vocabulary.from_huggingface(tokenizer.huggingface))
    row = mw.allocate_bitmask(1, compiler.vocabulary.size)[0]
    _mask(compiler.compile_json_schema(WARM_UP_SCHEMA), tokenizer.encode(WARM_UP_TEXT), row)
    texts = [[tokenizer.encode(one.text) for one in case.instances if one.valid] for case in cases]
    grammars = compile_all(compiler, [case.schema for case in cases])
    work = [(grammar, text) for grammar, group in zip(grammars, texts, strict=True) if grammar for text in group]
    first_pass(work, row)
    for _ in range(REPEATS):
        second_pass(work, row)


def compile_all(compiler: Any, schemas: list[str]) -> list[Any]:
    """The grammar of each schema, None where it is refused."""
    from maskwright.errors import SpecificationError

    grammars = []
    for schema in schemas:
        try:
            grammars.append(compiler.compile_json_schema(schema))
        except SpecificationError:
            grammars.append(None)
    return grammars


def first_pass(work: list[tuple[Any, list[int]]], row: Any) -> None:
    """Every text for the first time."""
    for grammar, tokens in work:
        _mask(grammar, tokens, row)


def second_pass(work: list[tuple[Any, list[int]]], row: Any) -> None:
    """Every text once more."""
    for grammar, tokens in work:
        _mask(grammar, tokens, row)


def _mask(grammar: Any, tokens: list[int], row: Any) -> None:
    matcher = grammar.matcher()
    for token in tokens:
        matcher.fill_bitmask(row)
        matcher.accept_token(token)
    matcher.fill_bitmask(row)


# The figure.


def fold(stacks: Iterable[str]) -> Node:
    """Lines `outermost (path:line);...;innermost (path:line) samples` -> a tree that begins with the phases."""
    root = Node(inner={name: Node() for name in PHASES.values()})
    for stack in stacks:
        frames, _, count = stack.rpartition(" ")
        found = [match for match in map(FRAME.fullmatch, frames.split(";")) if match]
        begin = next((i for i, frame in enumerate(found) if frame["name"] in PHASES), None)
        if begin is None:
            continue  # imports, reading of files, encoding of texts
        phase = found[begin]["name"]
        weight = int(count) / (REPEATS if phase == "second_pass" else 1)
        node = _enter(root, PHASES[phase], weight)
        for frame in found[begin + 1 :]:
            if frame["name"] != "_mask":
                node = _enter(node, _label(frame["name"], frame["path"]), weight)
        kernel = kernel_called(found[-1]["path"], int(found[-1]["line"] or 0))
        if kernel:
            _enter(node, kernel, weight).is_kernel = True
    return root


def _enter(node: Node, name: str, weight: float) -> Node:
    inner = node.inner.setdefault(name, Node())
    inner.weight += weight
    return inner


def _label(name: str, path: str) -> str:
    """A function with its module; a method has its class: `_label("step", ".../place.py")` -> "place.step"."""
    stem = Path(path).stem
    return name if "." in name or stem == "__init__" else f"{stem}.{name}"


def kernel_called(path: str, line: int) -> str:
    """The kernel that a line of our code calls, or "" if it calls none."""
    if "maskwright" not in Path(path).parts or not line:
        return ""
    parts = Path(path).with_suffix("").parts
    last = len(parts) - 1 - parts[::-1].index("maskwright")
    module = importlib.import_module(".".join(parts[last:]))
    for name in re.findall(r"\b([A-Za-z_]\w*)\b", linecache.getline(path, line)):
        if hasattr(getattr(module, name, None), "py_func"):  # what numba makes of a function
            return str(name)
    return ""


def _kernel_share(node: Node) -> float:
    return _in_kernels(node) / node.weight if node.weight else 0.0


def _in_kernels(node: Node) -> float:
    return node.weight if node.is_kernel else sum(map(_in_kernels, node.inner.values()))


def draw(root: Node, title: str, rate: int) -> str:
    """Figures that grow downwards, one for each phase: each function below its caller, as wide as its time."""
    lines: list[str] = []
    top = TOP
    for name, phase in root.inner.items():
        told = f"{name}: {phase.weight / rate:.2f} s, {_kernel_share(phase):.0%} of it in kernels"
        lines.append(f'<text x="6" y="{top + 13}" font-size="12" font-weight="bold">{escape(told)}</text>')
        top += ROW
        depth = _draw_inner(lines, phase, 0.0, top, 0, WIDTH / phase.weight)
        top += ROW * depth + 12
    told = "Each function lies below its caller and is as wide as its time; compiled kernels are red."
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" {FONT}>',
        f'<rect width="{WIDTH}" height="{top}" fill="white"/>',
        f'<text x="6" y="18" font-size="13">{escape(title)}</text>',
        f'<text x="6" y="34" fill="#555">{told}</text>',
    ]
    return "\n".join([*head, *lines, "</svg>"]) + "\n"


def _draw_inner(lines: list[str], node: Node, left: float, top: int, depth: int, scale: float) -> int:
    """Draw what lies below a node, the widest first; how deep that goes."""
    deepest = depth
    for name, inner in sorted(node.inner.items(), key=lambda item: -item[1].weight):
        width = inner.weight * scale
        if width >= MIN_WIDTH and depth < MAX_DEPTH:
            lines.append(_box(name, inner, left, top + ROW * depth, width))
            deepest = max(deepest, _draw_inner(lines, inner, left, top, depth + 1, scale))
        left += width
    return deepest


def _box(name: str, node: Node, left: float, top: int, width: float) -> str:
    fill = "#d9776a" if node.is_kernel else COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
    fits = int((width - 4) / CHARACTER)
    text = name if len(name) <= fits else name[: max(fits - 1, 0)] + "\u2026"
    label = f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(text)}</text>' if fits >= 3 else ""
    size = f'x="{left:.1f}" y="{top}" width="{max(width - 0.4, 0.4):.1f}" height="{ROW - 1}"'
    told = f"{name}: {100 * width / WIDTH:.1f} %"
    return f'<g><title>{escape(told)}</title><rect {size} fill="{fill}"/>{label}</g>'


if __name__ == "__main__":
    sys.exit(main())
