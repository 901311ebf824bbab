"""`maskwright lint`: what is likely wrong with a grammar, each finding with its place and a caret.

The checks are in `maskwright.grammar.lint`. Of a JSON Schema only the spellings of special tokens are looked at: its
rules are made by us, and what is wrong with the schema itself is an error of compiling it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import GrammarSyntaxError, MaskwrightError
from maskwright.integrations.command_line.lark_options import LexerChoice
from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.integrations.command_line.specification import (
    KIND_OF_SUFFIX,
    Kind,
    SpecificationRequest,
    read_specification,
    read_text,
)

if TYPE_CHECKING:
    from maskwright.grammar.lint import Finding


@dataclass(frozen=True, slots=True)
class LintRequest:
    """What was asked for: start None is the usual one of the notation, tokenizer None looks for no special tokens."""

    grammar: str
    kind: Kind | None
    start: str | None
    tokenizer: str | None
    lexer: LexerChoice


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings about a grammar's text."""

    name: str
    kind: Kind
    text: str
    findings: tuple[Finding, ...]

    @property
    def is_fine(self) -> bool:
        """Is there no error and no warning?"""
        from maskwright.grammar.lint import Severity

        return all(finding.severity is Severity.INFORMATION for finding in self.findings)

    def lines(self) -> list[str]:
        """The findings for people, and how many there are of each severity."""
        counts = Counter(finding.severity for finding in self.findings)
        plural = {"error": "errors", "warning": "warnings", "information": "for information"}
        told = [
            f"{n} {severity.value if n == 1 and severity.value != 'information' else plural[severity.value]}"
            for severity, n in sorted(counts.items(), key=lambda item: list(plural).index(item[0].value))
        ]
        return [*(self._shown(finding) for finding in self.findings), ", ".join(told) or "nothing found"]

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        findings = [finding.to_json() for finding in self.findings]
        return {"grammar": self.name, "kind": self.kind.value, "findings": findings}

    def _shown(self, finding: Finding) -> str:
        message = f"{finding.severity.value}: {finding.message} [{finding.kind.value}]"
        if finding.position is None:
            return f"{self.name}: {message}"
        return str(GrammarSyntaxError(message, self.text, finding.position, self.name))


def lint(request: LintRequest) -> Verdict:
    """Look at a grammar; raises UserMistakeError where it cannot be read."""
    kind = request.kind or KIND_OF_SUFFIX.get(Path(request.grammar).suffix.lower())
    text = read_text(request.grammar, "grammar")
    if kind is None or kind is Kind.REGEX:  # a pattern has no rules to look at
        choices = ", ".join(kind.value for kind in Kind if kind is not Kind.REGEX)
        raise UserMistakeError(
            f"{request.grammar}: the suffix does not tell what this is: add --kind with one of {choices}."
        )
    try:
        return Verdict(request.grammar, kind, text, _findings(request, kind, text))
    except MaskwrightError as error:
        raise UserMistakeError(f"{request.grammar}: {error}") from error


def print_verdict(verdict: Verdict, as_json: bool) -> None:
    """All of it, on stdout."""
    if as_json:
        print(json.dumps(verdict.to_json(), indent=2, ensure_ascii=False))
    else:
        print("\n".join(verdict.lines()))


def _findings(request: LintRequest, kind: Kind, text: str) -> tuple[Finding, ...]:
    from maskwright.grammar.lint import lint_ebnf, lint_gbnf, lint_grammar, lint_lark

    tokens = _special_tokens(request.tokenizer)
    match kind:
        case Kind.GBNF:
            return lint_gbnf(text, request.start or "root", special_tokens=tokens)
        case Kind.EBNF:
            return lint_ebnf(text, request.start, special_tokens=tokens)
        case Kind.LARK:
            folder = Path(request.grammar).parent
            return lint_lark(
                text, request.start or "start", lexer=request.lexer.value, import_paths=[folder], special_tokens=tokens
            )
        case Kind.JSON_SCHEMA:
            schema = read_specification(SpecificationRequest(request.grammar, None, Kind.JSON_SCHEMA, "root")).content
            from maskwright.grammar.json_schema import json_schema_grammar

            return lint_grammar(json_schema_grammar(schema), special_tokens=tokens, fuel=0)
    raise AssertionError(kind)


def _special_tokens(tokenizer: str | None) -> tuple[str, ...]:
    """The spellings of the special tokens of a tokenizer, if one was named."""
    if tokenizer is None:
        return ()
    from maskwright.integrations.command_line.vocabularies import load_vocabulary

    return tuple(load_vocabulary(tokenizer).vocabulary.special_token_names)
