"""The cases once more, through the engine with a vocabulary of single bytes: same verdicts, and no dead ends."""

from __future__ import annotations

import json
import random
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from jsonschema import validators

from maskwright.errors import TokenRejected
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.grammar.json_schema.test_cases import FILES, options_of

EOS = 256
MAX_STEPS = 300
CLOSING = [EOS, *b'"}]0123456789eulsrfatn:,']


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    byte_tokens = [bytes([byte]) for byte in range(256)]
    return Compiler(Vocabulary([*byte_tokens, b""], eos_token_ids=[EOS], special_token_ids=[EOS], size=257))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_engine_gives_the_same_verdicts(path: Path, compiler: Compiler) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    grammar = compiler.compile_json_schema(case["schema"], options=options_of(case))

    def accepts(text: str) -> bool:
        matcher = grammar.matcher()
        try:
            matcher.accept_bytes(text.encode())
        except TokenRejected:
            return False
        return matcher.is_accepting()

    assert [text for text in case["accepted"] if not accepts(text)] == []
    assert [text for text in case["rejected"] if accepts(text)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_random_walks_meet_no_dead_end_and_end_in_valid_documents(path: Path, compiler: Compiler) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    exact = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["schema"]
    judge = validators.validator_for(exact, default=validators.Draft202012Validator)(exact)
    grammar = compiler.compile_json_schema(case["schema"], options=options_of(case))
    rng = random.Random(path.stem)
    row = np.zeros(9, dtype=np.int32)
    for _ in range(4):
        matcher, text = grammar.matcher(), bytearray()
        for step in range(MAX_STEPS):
            matcher.fill_bitmask(row)
            allowed = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")[:257]).tolist()
            assert allowed, bytes(text)
            # Later steps try to come to an end; a recursive schema may still not.
            is_hasty = step > MAX_STEPS // 3 or rng.random() < 0.3
            token = next((token for token in CLOSING if token in allowed), None) if is_hasty else None
            token = rng.choice(allowed) if token is None else token
            if token == EOS:
                with localcontext(prec=2 * MAX_STEPS):
                    assert judge.is_valid(json.loads(text, parse_float=Decimal)), bytes(text)
                break
            matcher.accept_token(token)
            text.append(token)
