"""Specifications written back as documents: `spec_of` reads the same specification from them.

Openers, tools and files are written out, rules as they were written; what follows from something else is left out.
"""

from __future__ import annotations

import json

from maskwright.grammar.behaviour.logic.printer import print_formula
from maskwright.grammar.behaviour.specification.document import Data
from maskwright.grammar.behaviour.specification.reading import IMPLIED, VERSION
from maskwright.grammar.behaviour.specification.spec import (
    Environment,
    Escape,
    Free,
    Level,
    Rule,
    Segment,
    Spec,
    Writer,
)
from maskwright.grammar.behaviour.specification.texts import data_of
from maskwright.grammar.behaviour.specification.yaml_text import read_yaml


def document_of(spec: Spec) -> dict[str, Data]:
    """The document of a specification."""
    written: dict[str, Data] = {
        "behaviour": VERSION,
        "name": spec.name,
        "tools": json.loads(spec.tools),
        "segments": {segment.name: _segment(segment) for segment in spec.segments},
        "flow": str(spec.flow),
        "rules": [_rule(rule) for rule in (*spec.rules, *spec.lexical) if not rule.id.startswith(IMPLIED)],
        "environment": _environment(spec),
        "budget": _said(
            generated_tokens=spec.budget.generated_tokens,
            context_tokens=spec.budget.context_tokens,
        ),
        "examples": list(spec.examples),
        "voting": {} if spec.voting is None else {"samples": spec.voting.samples, "segment": spec.voting.segment},
    }
    return {key: value for key, value in written.items() if value not in ([], {})}


def _said(**members: Data) -> dict[str, Data]:
    """The members that are not None."""
    return {key: value for key, value in members.items() if value is not None}


def _segment(segment: Segment) -> Data:
    return _said(
        open=segment.open or None,
        close=segment.close or None,
        writer=segment.writer.value if segment.writer is not Writer.MODEL else None,
        text=data_of(segment.text) if segment.text != Free() else None,
        max_tokens=segment.max_tokens,
        min_chars=segment.min_chars or None,
        max_chars=segment.max_chars,
        escape=segment.escape.value if segment.escape is not Escape.REPLACE else None,
        bind=segment.bind,
    )


def _rule(rule: Rule) -> Data:
    about = _said(
        why=rule.why or None,
        level=rule.level.value if rule.level is not Level.HARD else None,
    )
    words = read_yaml(f"{{{rule.words}}}", f"rule '{rule.id}'").data()
    assert isinstance(words, dict)
    return {"id": rule.id, **words, **about}


def _environment(spec: Spec) -> Data:
    if spec.environment is not Environment.ASSUME:
        return spec.environment.value if spec.environment is not Environment.ADVERSARIAL else {}
    assert spec.assumption is not None
    return _said(assume=print_formula(spec.assumption), fallback=spec.fallback)
