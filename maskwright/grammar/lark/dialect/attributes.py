"""What is written in brackets behind the name of a rule: `answer[lazy]`, `word[stop="\\n", temperature=0.7]`.

lazy, suffix=..., stop=...        which texts the rule has (`lazy_rules`); the value is a text, pattern or terminal
capture, capture="...", stop_capture="..."     name parts of a parsed text: they change nothing, and are noted
temperature=...                   is about choosing among allowed tokens: noted as well
max_tokens=...                    counts tokens, which texts do not have: refused
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark.dialect.tokens import Kind, Token

KNOWN = "lazy, suffix, stop, capture, stop_capture, temperature"
_NOTED = {
    "capture": "no text is captured: the texts are the same",
    "stop_capture": "no text is captured: the texts are the same",
    "temperature": "is for the sampler: it allows or forbids no token",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends a rule: the source of a text, a pattern or the name of a terminal, and where it stands."""

    written: str
    begin: int


@dataclass(frozen=True, slots=True)
class RuleAttributes:
    """The attributes of one rule; `begin` is where they are written, `noted` (attribute, why it changes nothing)."""

    begin: int
    is_lazy: bool = False
    suffix: Ending | None = None
    stop: Ending | None = None
    noted: tuple[tuple[str, str], ...] = ()

    @property
    def is_terminal(self) -> bool:
        """Is the rule taken as one terminal?"""
        return self.is_lazy or self.suffix is not None or self.stop is not None


def attributes_of(given: Iterator[Token], opening: Token, text: str, name: str) -> RuleAttributes:
    """Read up to the closing bracket, from the tokens behind the opening one."""
    is_lazy = False
    endings: dict[str, Ending] = {}
    noted: list[tuple[str, str]] = []
    seen: set[str] = set()

    def following() -> Token:
        for token in given:
            if not token.is_blank:
                return token
        return Token(Kind.LINE_END, "", len(text), len(text))

    sign = ","
    while sign == ",":
        token = following()
        attribute = token.text
        if token.kind is not Kind.NAME:
            raise GrammarSyntaxError(f"expected an attribute of the rule: {KNOWN}", text, token.begin, name)
        if attribute in seen:
            raise GrammarSyntaxError(f"the attribute '{attribute}' is given twice", text, token.begin, name)
        seen.add(attribute)
        value = None
        after = following()
        if after.text == "=":
            value = following()
            after = following()
            if value.text == "-" or after.text == ".":  # a decimal number has several tokens
                while after.text not in (",", "]") and after.kind is not Kind.LINE_END:
                    after = following()
        if attribute == "lazy" and value is None:
            is_lazy = True
        elif attribute in ("suffix", "stop"):
            endings[attribute] = _ending(attribute, value, token, text, name)
        elif attribute in _NOTED:
            noted.append((attribute, _NOTED[attribute]))
        else:
            raise GrammarSyntaxError(_refusal(attribute), text, token.begin, name)
        sign = after.text
        if sign not in (",", "]"):
            raise GrammarSyntaxError("expected ',' or ']' behind an attribute", text, after.begin, name)
    if "suffix" in endings and "stop" in endings:
        message = "a rule has a suffix or a stop, not both: the one is part of its texts, the other is not"
        raise GrammarSyntaxError(message, text, opening.begin, name)
    return RuleAttributes(opening.begin, is_lazy, endings.get("suffix"), endings.get("stop"), tuple(noted))


def _ending(attribute: str, value: Token | None, token: Token, text: str, name: str) -> Ending:
    is_terminal = value is not None and value.kind is Kind.NAME and value.text.lstrip("_")[:1].isupper()
    if value is None or not (value.kind in (Kind.STRING, Kind.PATTERN) or is_terminal):
        place = token if value is None else value
        message = f"{attribute} is a text in quotes, a regular expression or the name of a terminal"
        raise GrammarSyntaxError(message, text, place.begin, name)
    if value.text in ('""', '""i'):
        message = f"an empty {attribute} ends nothing: leave it out; the grammar says where a text may end"
        raise GrammarSyntaxError(message, text, value.begin, name)
    return Ending(value.text, value.begin)


def _refusal(attribute: str) -> str:
    if attribute == "lazy":
        return "lazy has no value: write name[lazy]"
    if attribute == "max_tokens":
        return (
            "max_tokens counts tokens, and a language of texts has none: bound the characters instead, "
            "as in /.{0,200}/, or limit the sampler"
        )
    return f"unknown attribute '{attribute}'; there are {KNOWN}"
