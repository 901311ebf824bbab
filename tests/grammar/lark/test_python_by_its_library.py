"""The Python grammar of `schemas/lark` against the standard library of the running Python, by lark."""

from __future__ import annotations

import ast
import sysconfig
import tokenize
import warnings
from pathlib import Path

import pytest

from tests.naive.lark_itself import accepts, shipped_grammars


def standard_library() -> list[str]:
    """The texts of all its source files that Python itself reads, ending with a line break."""
    texts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
            if "site-packages" in path.parts:
                continue
            try:
                with tokenize.open(path) as file:
                    text = file.read()
                ast.parse(text)
            except (SyntaxError, ValueError):
                continue
            texts.append(text if text.endswith("\n") else text + "\n")
    return texts


@pytest.mark.deep
def test_nearly_all_files_of_the_standard_library_parse() -> None:
    parser = next(grammar for grammar in shipped_grammars() if grammar.name == "python").parser()
    texts = standard_library()
    assert len(texts) > 500
    n_parsed = sum(accepts(parser, text) for text in texts)
    assert n_parsed > 0.99 * len(texts)
