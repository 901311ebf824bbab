"""An engine for tests of the bench: the "schema" is a script of how to behave.

text of a JSON string    accept exactly the tokens of that text
"raise ..."              refuse to compile
"crash"                  end the process
"sleep"                  compute for ever
"lie"                    allow every token in the mask, accept none
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np


class ScriptedEngine:
    version = "1"
    settings = "none"

    def __init__(self, size: int, eos_token_id: int, encode: Any) -> None:
        self.row = np.zeros((size + 31) // 32, dtype=np.int32)
        self.eos_token_id = eos_token_id
        self.encode = encode

    def compile(self, schema: str) -> Any:
        script = json.loads(schema)
        if not isinstance(script, str):
            return None  # the warm-up schema
        if script.startswith("raise "):
            raise ValueError(script.removeprefix("raise "))
        if script == "crash":
            os._exit(7)
        if script == "sleep":
            time.sleep(1000)
        return script if script == "lie" else list(self.encode(script))

    def start(self, compiled: Any) -> ScriptedSession:
        return ScriptedSession(self, compiled)

    def sizes(self, compiled: Any) -> tuple[int, int]:
        return 1000, 5000


class ScriptedSession:
    def __init__(self, engine: ScriptedEngine, expected: Any) -> None:
        self.engine = engine
        self.expected = expected
        self.position = 0

    def allowed(self) -> int | None:
        if not isinstance(self.expected, list):
            return None
        return self.expected[self.position] if self.position < len(self.expected) else self.engine.eos_token_id

    def fill(self) -> None:
        row, token = self.engine.row, self.allowed()
        row[:] = -1 if token is None else 0
        if token is not None:
            row[token >> 5] = np.uint32(1 << (token & 31)).astype(np.int32)

    def accept(self, token: int) -> bool:
        if self.expected == "lie" or (self.expected is not None and token != self.allowed()):
            return False
        self.position += 1
        return True

    def failure(self) -> str:
        return ""


def create(tokenizer: Any) -> ScriptedEngine:
    return ScriptedEngine(tokenizer.size, tokenizer.eos_token_id, tokenizer.encode)
