"""The page about the format says what is so: its programs and specifications run, its tables are complete."""

import re
from pathlib import Path

import pytest

from maskwright.grammar.behaviour.specification.reading import KEYS, SEGMENT_KEYS
from maskwright.grammar.behaviour.specification.rule_words import WORDS
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.grammar.behaviour.specification.texts import KINDS

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "behaviour_format.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_its_programs_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, "behaviour_format.md", "exec"), {})


def test_its_specifications_are_read() -> None:
    assert blocks("yaml")
    for block in blocks("yaml"):
        assert Spec.from_yaml(block).name == "small"


@pytest.mark.parametrize("name", [*KEYS, *SEGMENT_KEYS, *WORDS, *KINDS])
def test_it_tells_of_every_word(name: str) -> None:
    assert re.search(rf"[`{{ ]{name}[`: ]|^{name}:", PAGE, flags=re.MULTILINE)
