"""`maskwright check`: does a text satisfy a specification, and if not, where not and what was expected there?

The text is read as bytes against the vocabulary of single bytes, so no tokenizer has a say. Around a JSON document
white space is ignored, as a file ends with a line break; of the other kinds a file's last line break may be left out.
Inside JSON every white space and every spelling of a character or number is valid here, however generation would write
it, unless a flag says otherwise.
Special tokens that a GBNF grammar names are found in the text by their spelling. Where a text goes wrong is found and
told as `CompiledGrammar.explain` does it (`matching.explaining_texts`).

For JSON Schema `jsonschema` is asked as well when a document is refused: it names the keyword that is not satisfied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import compiling
from maskwright.integrations.command_line.specification import Kind, Specification
from maskwright.integrations.command_line.vocabularies import byte_vocabulary
from maskwright.matching.continuation import quoted
from maskwright.matching.explaining_texts import explain_read, read_text

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.explaining_texts import TextExplanation
    from maskwright.matching.matcher import Matcher

JSON_WHITE_SPACE = b" \t\r\n"
NUMBER_CHARACTERS = frozenset(b"0123456789+-.eE")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the text satisfies the specification; else where not, and why in words."""

    accepted: bool
    line: int = 0
    column: int = 0
    excerpt: str = ""
    reasons: tuple[str, ...] = ()


def check(specification: Specification, options: OptionsRequest, text: str) -> Verdict:
    """Judge a text; raises UserMistakeError for a fault in the specification."""
    matcher = _matcher(specification, options)
    is_json = specification.kind is Kind.JSON_SCHEMA
    content = (text.removeprefix("\ufeff") if is_json else text).encode()
    begin, end = 0, len(content)
    if is_json:
        begin = len(content) - len(content.lstrip(JSON_WHITE_SPACE))
        end = len(content.rstrip(JSON_WHITE_SPACE))
    position = read_text(matcher, content[begin:end]) + begin
    if position == end and matcher.is_accepting():
        return Verdict(accepted=True)
    if not is_json and content.endswith(b"\n"):
        shorter = content.removesuffix(b"\n").removesuffix(b"\r")
        retried = _matcher(specification, options)
        if position >= len(shorter) and read_text(retried, shorter) == len(shorter):
            if retried.is_accepting():
                return Verdict(accepted=True)
            matcher, position, end = retried, len(shorter), len(shorter)
    if is_json:
        # 200 may become 200e-1, but who wrote 200 should be shown where it is too large
        plain = _matcher(specification, replace(options, numbers=options.numbers or "canonical"))
        earlier = read_text(plain, content[begin:end]) + begin
        if NUMBER_CHARACTERS.issuperset(content[earlier:position]):
            matcher, position = plain, earlier
    return _refusal(specification, text, explain_read(matcher, content, position, end))


def _matcher(specification: Specification, options: OptionsRequest) -> Matcher:
    from maskwright import Compiler

    with compiling():
        grammar = specification.liberal_grammar(options)
        vocabulary = byte_vocabulary(grammar if specification.kind is Kind.GBNF else None)
        return specification.compiled(Compiler(vocabulary), grammar).matcher()


def _refusal(specification: Specification, text: str, told: TextExplanation) -> Verdict:
    reasons = [told.cause, *([f"{quoted(told.completion)} would complete it"] if told.completion else [])]
    if specification.kind is Kind.JSON_SCHEMA:
        from maskwright.integrations.command_line.json_schema_judge import keywords_at_fault

        reasons += keywords_at_fault(specification.content, text)
    excerpt = "\n".join(f"  {line}" for line in told.excerpt.split("\n"))
    return Verdict(False, told.line, told.column, excerpt, tuple(reasons))
