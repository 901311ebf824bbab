"""A short trace within a tight budget, which calls every kernel of this package (`matching.warming_up`).

Its segment has a limit, so that costs are not laid out exactly (`token_graph`) but searched for.
"""

from __future__ import annotations

import numpy as np

from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program
from maskwright.matching.bitmask import allowed_tokens
from maskwright.matching.compiled_grammar import DEFAULT_MAX_BYTES
from maskwright.matching.mask_tables import MaskTables

SPEC = r"""
behaviour: 1
segments:
  q: {open: "[Q] ", writer: user}
  a: {open: "\n[A] ", text: {regex: "[^\\n]{2,9}"}, max_tokens: 9}
flow: q a
"""


def play(tables: MaskTables) -> str:
    """The trace, always with the first token that is allowed."""
    spec = Spec.from_yaml(SPEC, "exercise")
    program = Program(Policy.of(spec), tables, max_bytes=DEFAULT_MAX_BYTES, budget=Budget(generated_tokens=12))
    session = program.start()
    row = np.zeros(session.row_shape, np.int32)
    while not isinstance(session.event, Done):
        if isinstance(session.event, Handover):
            session.observe("why?")
            continue
        session.fill_bitmask(row)
        session.accept_token(int(allowed_tokens(row, program.vocabulary.size)[0]))
    return session.text
