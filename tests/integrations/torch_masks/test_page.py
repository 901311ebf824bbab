"""The page about masks on devices runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import maskwright as mw

PAGE = Path(__file__).parents[3] / "docs" / "device_masks.md"


def test_the_program_of_the_page_runs() -> None:
    pytest.importorskip("torch", reason="the extra `hf` is not installed")
    tokens = [bytes([i]) for i in range(256)] + [b"12", b"yes", b"</s>"]
    reader = {"vocabulary": mw.Vocabulary(tokens, eos_token_ids=[258], special_token_ids=[258])}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), reader)
    assert reader["resident"].traffic.n_sequences == 6
