"""`maskwright diff`: does a new version of a specification accept everything that the old one did?

Two JSON Schemas are compared as sets of values, everything else as sets of texts. For a document that a schema refuses
`jsonschema` is asked as well: it names the keyword that is not satisfied.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.specification import Kind, Specification

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.comparison import Comparison, Surplus

NOT_KNOWN: Final = 3
"""The exit code where texts were tried, and no difference was found."""


def compare(old: Specification, new: Specification, options: OptionsRequest, n_tries: int) -> Comparison:
    """Compare two specifications; raises UserMistakeError for a fault in one of them."""
    with compiling():
        from maskwright.grammar.json_schema.options import options_in
        from maskwright.matching.comparing import compare_grammars, compare_schemas

        try:
            if old.kind is new.kind is Kind.JSON_SCHEMA:
                chosen = options.applied_to(options_in(old.content)) if options.flags() else None
                return compare_schemas(old.content, new.content, options=chosen, n_tries=n_tries)
            return compare_grammars(old.terse_grammar(options), new.terse_grammar(options), n_tries=n_tries)
        except MaskwrightError as error:
            raise UserMistakeError(f"{old.name} and {new.name}: {error}") from error


def exit_code(comparison: Comparison) -> int:
    """0 if the new one accepts all that the old one did, 1 if not, 2 if undecided, NOT_KNOWN if none was found."""
    from maskwright.matching.comparison import Answer

    codes = {Answer.NOTHING: 0, Answer.A_TEXT: 1, Answer.UNDECIDED: 2, Answer.NONE_FOUND: NOT_KNOWN}
    return codes[comparison.only_old.answer]


def write(comparison: Comparison, old: Specification, new: Specification, *, as_json: bool) -> None:
    """All of it on stdout."""
    if as_json:
        print(json.dumps(_as_json(comparison, old, new), indent=2, ensure_ascii=False))
        return
    print(comparison.verdict)
    for which, refuses, surplus in (("old", new, comparison.only_old), ("new", old, comparison.only_new)):
        print(f"only {which}: {surplus}")
        for reason in _reasons(refuses, surplus):
            print(f"  {reason}")


def _reasons(refuses: Specification, surplus: Surplus) -> list[str]:
    """What `jsonschema` has to say of a text that a schema refuses."""
    if surplus.text is None or refuses.kind is not Kind.JSON_SCHEMA:
        return []
    from maskwright.integrations.command_line.json_schema_judge import keywords_at_fault

    return keywords_at_fault(refuses.content, surplus.text)


def _as_json(comparison: Comparison, old: Specification, new: Specification) -> dict[str, Any]:
    return {
        "relation": comparison.relation.value,
        "compatible": comparison.is_compatible,
        "only_old": _surplus_as_json(comparison.only_old, new),
        "only_new": _surplus_as_json(comparison.only_new, old),
    }


def _surplus_as_json(surplus: Surplus, refuses: Specification) -> dict[str, Any]:
    found: dict[str, Any] = {"answer": surplus.answer.value}
    if surplus.text is not None and surplus.refusal is not None:
        found["text"] = surplus.text
        found["refused_after_bytes"] = surplus.refusal.position
        if surplus.refusal.path is not None:
            found["path"] = list(surplus.refusal.path)
            found["schema"] = list(surplus.refusal.schema)
        found["reasons"] = _reasons(refuses, surplus)
    if surplus.n_tried:
        found["texts_tried"] = surplus.n_tried
    if surplus.reason:
        found["reason"] = surplus.reason
    return found
