"""A grammar in the dialect as a grammar in lark's notation, and what stands in it for what lark does not know.

Statement by statement. A symbol of the dialect becomes a declared terminal, a language without a pattern a text of
signs (`terminal_algebra`), `&` and `~` signs between parts in parentheses, and the attributes of a rule are taken off:

    a[lazy]: %json {...} "x"{2,5}          a: EMBEDDED_1 "x"~2..5
    T: A & ~"x"                            T: ((A)~1) "AND" ("NOT" (("x")~1))

A grammar of lark's own notation stays as it is, to the letter: none of this is valid there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters import CharacterAutomaton
from maskwright.grammar.lark.dialect.attributes import RuleAttributes, attributes_of
from maskwright.grammar.lark.dialect.embedded import Embedded, SpecialTokens, embedded_of, regular_of
from maskwright.grammar.lark.dialect.plain_text import Pieces, PlainText
from maskwright.grammar.lark.dialect.tokens import Kind, Token, tokens
from maskwright.grammar.lark.terminal_algebra import AND, CLOSE, NOT, OPEN

DIRECTIVES = "%ignore, %import, %declare, %override, %extend, %json, %regex, %lark, %llguidance"
_OF_LARK = ("%ignore", "%import", "%declare", "%override", "%extend")
_SIGNS = re.compile("[\ufdd0-\ufdd3]|\\\\u[fF][dD][dD][0-3]|\\\\U0000[fF][dD][dD][0-3]")
_BEFORE_NAMES = ("%override", "%extend", "?", "!")
_SYMBOLS = (Kind.EMBEDDED, Kind.GRAMMAR, Kind.SPECIAL_TOKEN)
_ATOMS = (Kind.NAME, Kind.STRING, Kind.PATTERN, *_SYMBOLS)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A grammar text with the dialect taken out.

    embedded: by the declared terminal that stands for it. regular: languages that signs stand for, by number.
    attributes: of rules, by name. endings: the terminals that were added for a suffix or stop, by rule.
    has_signs: are there signs in terminals?
    """

    plain: PlainText
    embedded: Mapping[str, Embedded]
    regular: Sequence[CharacterAutomaton]
    attributes: Mapping[str, RuleAttributes]
    endings: Mapping[str, str]
    has_signs: bool

    @property
    def is_beyond_lexers(self) -> bool:
        """Is there anything in it that is no matter of terminals, so that it must be read character by character?"""
        terminals = any(attributes.is_terminal for attributes in self.attributes.values())
        return bool(self.embedded) or bool(self.regular) or terminals


def read_dialect(text: str, name: str) -> Dialect:
    """Take out what lark does not know. Raises GrammarSyntaxError or LimitExceeded."""
    reader = _Reader(text, name, Pieces(text, name))
    for statement in _statements(text, name):
        reader.statement(statement)
    return reader.result()


def _statements(text: str, name: str) -> Iterator[list[Token]]:
    """The tokens of each statement, the line end and blanks behind it included; `|` goes on with the one before."""
    statement: list[Token] = []
    line_has_ended = False
    for token in tokens(text, name):
        if not token.is_blank and token.kind is not Kind.LINE_END:
            if line_has_ended and token.text != "|":
                yield statement
                statement = []
            line_has_ended = False
        elif token.kind is Kind.LINE_END:
            line_has_ended = True
        statement.append(token)
    if statement:
        yield statement


@dataclass(slots=True)
class _Reader:
    """The statements read so far."""

    text: str
    name: str
    pieces: Pieces
    embedded: dict[str, Embedded] = field(default_factory=dict)
    regular: list[CharacterAutomaton] = field(default_factory=list)
    attributes: dict[str, RuleAttributes] = field(default_factory=dict)
    has_signs: bool = False
    prefix: str = "EMBEDDED"

    def fault(self, message: str, position: int) -> GrammarSyntaxError:
        return GrammarSyntaxError(message, self.text, position, self.name)

    def statement(self, statement: list[Token]) -> None:
        """Read one statement: what it defines, then its symbols."""
        given = [token for token in statement if not token.is_blank and token.kind is not Kind.LINE_END]
        if not given or given[0].text in ("%import", "%declare"):
            self._keep(statement)
        elif given[0].text == "%llguidance":
            self._options(statement, given)
        elif given[0].kind is Kind.DIRECTIVE and given[0].text not in _OF_LARK:
            message = f"{given[0].text} is no directive; there are {DIRECTIVES}"
            raise self.fault(message, given[0].begin)
        elif given[0].kind is Kind.EMBEDDED:
            raise self.fault(f"{given[0].text} stands in the right part of a rule", given[0].begin)
        else:
            names = [token.text for token in given[:4] if token.kind is Kind.NAME]
            is_terminal = given[0].text == "%ignore" or (bool(names) and names[0].lstrip("_")[:1].isupper())
            head = self._head(statement)
            _Body(self, is_terminal).read(statement[head:])

    def _keep(self, given: Sequence[Token]) -> None:
        for token in given:
            self.pieces.keep(token.begin, token.end)

    def _head(self, statement: list[Token]) -> int:
        """Read up to the name that a statement defines, and its attributes; how many tokens that is."""
        at = 0
        while at < len(statement) and (statement[at].is_blank or statement[at].text in _BEFORE_NAMES):
            at += 1
        if at == len(statement) or statement[at].kind is not Kind.NAME:
            self._keep(statement[:at])
            return at
        token = statement[at]
        self._keep(statement[: at + 1])
        behind = [token for token in statement[at + 1 :] if not token.is_blank]
        if len(behind) > 1 and behind[0].text == behind[1].text == ":":
            message = "rules with parameters (name::expression) are not read: write one rule for each value"
            raise self.fault(message, behind[0].begin)
        if not behind or behind[0].text != "[" or not any(other.text == ":" for other in behind):
            return at + 1
        opening = statement.index(behind[0])
        rest = iter(statement[opening + 1 :])
        attributes = attributes_of(rest, behind[0], self.text, self.name)
        if token.text.lstrip("_")[:1].isupper():
            message = "attributes are for rules, whose names are in lower case: make a rule of this terminal"
            raise self.fault(message, behind[0].begin)
        if token.text in self.attributes:
            raise self.fault(f"rule '{token.text}' has attributes already", behind[0].begin)
        self.attributes[token.text] = attributes
        return len(statement) - len(list(rest))

    def _options(self, statement: list[Token], given: list[Token]) -> None:
        """`%llguidance {}` marks a grammar as one of this dialect; its options change the language, or nothing here."""
        written = self.text[given[0].end : given[-1].end].strip()
        if written.replace(" ", "") not in ("{}", '{"no_forcing":true}', '{"no_forcing":false}'):
            message = "%llguidance takes no options here but no_forcing: what they ask for is written in the grammar"
            raise self.fault(message, given[0].begin)
        self.pieces.put("\n", statement[0].begin)

    def symbol(self, token: Token, *, is_terminal: bool) -> str:
        """What lark gets in place of a symbol of the dialect."""
        if token.text == "%regex":
            self._use_signs()
            self.regular.append(regular_of(token, self.text, self.name))
            return f'"{OPEN}{len(self.regular) - 1}{CLOSE}"'
        part = embedded_of(token, self.text, self.name)
        written = token.text if token.kind is not Kind.EMBEDDED else f"{token.text} {{...}}"
        if is_terminal:
            kind = "a special token" if isinstance(part, SpecialTokens) else "an embedded grammar"
            raise self.fault(f"{written} is {kind}, which no terminal can contain: use a rule", token.begin)
        if not self.embedded:
            while re.search(rf"\b{self.prefix}_\d", self.text):
                self.prefix += "_"
        replacement = f"{self.prefix}_{len(self.embedded) + 1}"
        self.embedded[replacement] = part
        self.pieces.shown[replacement] = written
        return replacement

    def sign(self, sign: str) -> str:
        """One of the signs, in quotes."""
        self._use_signs()
        return f'"{sign}"'

    def _use_signs(self) -> None:
        if not self.has_signs and (found := _SIGNS.search(self.text)):
            message = "the noncharacters U+FDD0 to U+FDD3 cannot be used beside '&', '~' or %regex"
            raise self.fault(message, found.start())
        self.has_signs = True

    def result(self) -> Dialect:
        """Everything, with declarations and the terminals of suffixes and stops added at the end of the text."""
        end = len(self.text)
        if self.embedded:
            self.pieces.put(f"\n%declare {' '.join(self.embedded)}\n", end)
        endings: dict[str, str] = {}
        for rule, attributes in self.attributes.items():
            ending = attributes.suffix or attributes.stop
            if ending is not None:
                terminal = "ENDING_OF_" + rule.strip("_").upper()
                while re.search(rf"\b{terminal}\b", self.text) or terminal in endings.values():
                    terminal += "_"
                endings[rule] = terminal
                self.pieces.put(f"\n{terminal}: ", end)
                self.pieces.keep(ending.begin, ending.begin + len(ending.written))
                self.pieces.put("\n", end)
                self.pieces.shown[terminal] = ending.written
        return Dialect(self.pieces.plain_text(), self.embedded, self.regular, self.attributes, endings, self.has_signs)


@dataclass(slots=True)
class _Body:
    """The right part of a statement on its way.

    has_algebra: are terminals combined in it, so that every atom stands in parentheses? atom: the first piece of the
    last atom. complements: the first pieces of those that wait for their atom. groups: the two for each open bracket.
    """

    reader: _Reader
    is_terminal: bool
    has_algebra: bool = False
    atom: int = -1
    complements: list[int] = field(default_factory=list)
    groups: list[tuple[int, list[int]]] = field(default_factory=list)

    def read(self, statement: list[Token]) -> None:
        """Read all of it."""
        given = [token for token in statement if not token.is_blank]
        self.has_algebra = any(
            token.text == "&" or (token.text == "~" and _is_complement(given, at)) for at, token in enumerate(given)
        )
        at = 0
        for token in statement:
            if token.is_blank:
                self.reader.pieces.keep(token.begin, token.end)
                continue
            self._token(token, given, at)
            at += 1

    def _token(self, token: Token, given: list[Token], at: int) -> None:
        pieces = self.reader.pieces
        if token.text == "&" and token.kind is Kind.SIGN:
            self._check_terminal(token)
            pieces.put(f" {self.reader.sign(AND)} ", token.begin)
        elif token.text == "~" and _is_complement(given, at):
            self._check_terminal(token)
            self.complements.append(pieces.n)
            pieces.put(f"({self.reader.sign(NOT)} ", token.begin)
        elif token.kind is Kind.COUNT:
            self._count(token)
        elif token.kind is Kind.DIRECTIVE and token.text not in _OF_LARK:
            message = "parametric rules are not read" if token.text == "%if" else f"there are {DIRECTIVES}"
            raise self.reader.fault(f"{token.text} cannot stand here: {message}", token.begin)
        elif token.kind in _ATOMS:
            is_first = at + 1 < len(given) and given[at + 1].text == ".."  # of a range, "a".."z"
            is_last = at > 0 and given[at - 1].text == ".."
            if not is_last:
                self._open_atom(token.begin)
            if token.kind in _SYMBOLS:
                pieces.put(self.reader.symbol(token, is_terminal=self.is_terminal), token.begin)
            else:
                pieces.keep(token.begin, token.end)
            if not is_first:
                self._close_atom(token.begin)
        elif token.text in ("(", "["):
            self._open_atom(token.begin)
            self.groups.append((self.atom, self.complements))
            self.complements = []
            pieces.keep(token.begin, token.end)
        elif token.text in (")", "]") and self.groups:
            pieces.keep(token.begin, token.end)
            self.atom, self.complements = self.groups.pop()
            self._close_atom(token.begin)
        else:
            pieces.keep(token.begin, token.end)

    def _open_atom(self, place: int) -> None:
        self.atom = self.reader.pieces.n
        if self.has_algebra and self.is_terminal:
            self.reader.pieces.put("((", place)

    def _close_atom(self, place: int) -> None:
        """End an atom, and the complements that were waiting for it."""
        if self.has_algebra and self.is_terminal:
            self.reader.pieces.put(")~1)" + ")" * len(self.complements), place)
            self.atom = self.complements[0] if self.complements else self.atom
            self.complements = []

    def _check_terminal(self, token: Token) -> None:
        if not self.is_terminal:
            message = f"'{token.text}' combines terminals: give what it makes a name in upper case"
            raise self.reader.fault(message, token.begin)

    def _count(self, token: Token) -> None:
        """x{2}, x{2,5}, x{,5} as lark has it; x{2,} as x~2 x*."""
        pieces = self.reader.pieces
        least, comma, greatest = (part.strip() for part in token.text[1:-1].partition(","))
        if self.atom < 0:
            raise self.reader.fault("there is nothing before this count to repeat", token.begin)
        if greatest or not comma:
            pieces.put(f"~{least or 0}" + (f"..{greatest}" if comma else ""), token.begin)
        elif int(least) <= 1:
            pieces.put("+" if int(least) else "*", token.begin)
        else:
            end = pieces.n
            pieces.put(f"~{least} ", token.begin)
            pieces.repeat(self.atom, end)
            pieces.put("*)", token.begin)
            pieces.put_before(self.atom, "(")


def _is_complement(given: list[Token], at: int) -> bool:
    """Is this `~` no repetition (`x~2`)?"""
    return at + 1 >= len(given) or given[at + 1].kind is not Kind.NUMBER
