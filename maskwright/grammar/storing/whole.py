"""A whole grammar, its rules and its report, as a JSON header and arrays.

All rules that can be reached are written, those included that would only be computed when a text reaches them; that is
what makes a stored grammar independent of its front end, and what a limit is for: a schema may have far more rules
than any text meets. What was `prepared` stays so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import Grammar
from maskwright.grammar.report import Exactness, Finding, Report
from maskwright.grammar.storing.automata import check, read_automata, typed
from maskwright.grammar.storing.languages import read_languages, write_languages
from maskwright.grammar.storing.nodes import NodeReader, NodeWriter

MAX_RULES = 200_000
"""Rules that are completed for storing; a schema of 3 MB has some 50,000."""

Header = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredGrammar:
    """What goes into a file: `header` is plain data for JSON, `arrays` hold plain numbers."""

    header: Header
    arrays: Mapping[str, NDArray[Any]]


def stored(grammar: Grammar, max_rules: int = MAX_RULES) -> StoredGrammar:
    """Everything that a grammar is, with all its rules computed; raises LimitExceeded."""
    assert grammar.is_prepared, "only what compiling has made of a grammar is stored"
    writer = NodeWriter()
    writer.call(grammar.start)
    numbers = []
    for name in writer.called:  # grows while it is read
        numbers.append(writer.number(grammar.rules[name]))
        if len(writer.called) > max_rules:
            raise LimitExceeded(
                "Saving a compiled grammar, which completes the rules that no text has reached yet,",
                asked=len(writer.called),
                allowed=max_rules,
                remedy="compile the specification where it is needed, or split it",
            )
    rules = [(writer.name(name), number) for name, number in zip(writer.called, numbers, strict=True)]
    languages, arrays = write_languages(list(writer.languages))
    try:
        words = np.array(writer.words, dtype=np.int64)
    except OverflowError as error:
        raise LimitExceeded("A count in a grammar that is saved", max(writer.words), (1 << 63) - 1) from error
    header = {
        "is_document": grammar.is_document,
        "names": list(writer.names),
        "languages": languages,
        "findings": [[one.pointer, one.status.value, one.keyword, one.reason] for one in grammar.report],
        "nodes": list(grammar.report.nodes),
    }
    return StoredGrammar(
        header,
        {
            "words": words,
            "texts": np.frombuffer(bytes(writer.texts), dtype=np.uint8),
            "rules": np.array(rules, dtype=np.int64).reshape(-1, 2),
            **writer.automata.arrays(),
            **arrays,
        },
    )


def restored(kept: StoredGrammar) -> Grammar:
    """The grammar; raises ValueError, TypeError, LookupError or AttributeError where something is out of range."""
    header, arrays = kept.header, kept.arrays
    names = header["names"]
    check(all(type(name) is str for name in names), "a name")
    reader = NodeReader(
        words=typed(arrays, "words", np.int64).tolist(),
        texts=typed(arrays, "texts", np.uint8).tobytes(),
        names=names,
        automata=read_automata(arrays),
        languages=read_languages(header["languages"], arrays),
    )
    nodes = reader.read_all()
    rules = {}
    for name, number in typed(arrays, "rules", np.int64, 2).tolist():
        check(0 <= name < len(names) and 0 <= number < len(nodes), "a rule")
        rules[names[name]] = nodes[number]
    check(len(rules) > 0, "the number of rules")
    check(reader.called <= rules.keys(), "a call")
    findings = [Finding(pointer, Exactness(status), *why) for pointer, status, *why in header["findings"]]
    report = Report(findings, [str(pointer) for pointer in header["nodes"]])
    return Grammar(next(iter(rules)), rules, is_prepared=True, report=report, is_document=bool(header["is_document"]))
