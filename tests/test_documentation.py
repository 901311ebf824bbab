"""The pages about sampling, monitors, behaviour and tools for schemas run as they are written.

A page is one program: its Python blocks run in order in one namespace, which begins with what a reader of the page has
in hand (`reader`): a model, its vocabulary, a grammar, a prompt, a target. Nothing else is given, so a name that a page
uses and neither makes nor is handed is a failure. No block is exempt.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.sampling import RandomKey, Target
from maskwright.sampling.row_cache import CachedModel

ROOT = Path(__file__).resolve().parent.parent
FIGURES_ONLY = "sampling_compared.md"
OTHERS = ("monitors.md", "behaviour.md", "infilling.md", "schema_tools.md", "explaining.md")
PAGES = [*sorted((ROOT / "docs").glob("sampling*.md")), *(ROOT / "docs" / name for name in OTHERS)]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def reader(tmp_path: Path) -> dict[str, Any]:
    """What a reader has in hand."""
    pytest.importorskip("transformers", reason="the pages use the bundled model")
    pytest.importorskip("jedi", reason="the page about monitors analyses Python")
    from maskwright.integrations.generation import load_model
    from maskwright.integrations.transformers_model import TransformersModel

    loaded = load_model()
    model = CachedModel(TransformersModel(loaded.model))
    compiler = mw.Compiler(loaded.vocabulary)
    grammar = compiler.compile_regex("[01]{3}|yes|no")
    prompt = "Well? "
    prompt_ids = loaded.tokenizer(prompt)["input_ids"]
    return {
        "model": model,
        "vocabulary": loaded.vocabulary,
        "compiler": compiler,
        "grammar": grammar,
        "prompt": prompt,
        "prompt_ids": prompt_ids,
        "target": Target.of(model, prompt_ids, grammar.matcher(), max_tokens=12),
        "key": RandomKey.from_seed(0),
        "folder": tmp_path,
    }


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != FIGURES_ONLY], ids=lambda page: page.name)
def test_the_programs_of_a_page_run(page: Path, reader: dict[str, Any]) -> None:
    program = blocks(page)
    assert program
    for block in program:
        exec(compile(block, page.name, "exec"), reader)
