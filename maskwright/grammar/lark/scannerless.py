"""A Lark grammar read character by character: its rules as rules, a terminal wherever one of its matches fits.

The texts are those of lark's Earley parser with `lexer="dynamic_complete"`: any way to cut a text into terminals counts
that gives a derivation. So `start: "if" NAME` reads `iffy`, and no priority decides anything. A terminal matches what
`characters.preferred` says; what is ignored may stand before every terminal and at the end (`ignored_texts`). Unlike
lark's dynamic lexers a terminal may match nothing here.

Recursion of every kind, ambiguity and rules that match nothing are left to the engine's passes.
Cost: some milliseconds, and what the automata of the terminals cost.
Rejected: `lexer="dynamic"`, which tries only the longest match of a terminal at each place, so that what a terminal may
be depends on everything that follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

from maskwright.errors import GrammarSyntaxError, UnsupportedPattern
from maskwright.grammar import ir
from maskwright.grammar.characters import CharacterAutomaton, words
from maskwright.grammar.characters.preferred import preferred_language
from maskwright.grammar.ir import Call, Grammar, Node
from maskwright.grammar.lark.ignored_texts import Ignorable, Ignored, ignorable, longest
from maskwright.grammar.lark.terminal_nodes import TerminalNodes

IGNORED = "ignored texts"
WHOLE = "whole text"
"""Names of rules that no rule of lark's can have."""


@dataclass(frozen=True, slots=True)
class Terminals:
    """The terminals of a grammar by name.

    languages: those that are not simply what lark says (see `dialect`). opaque: nodes in place of declared terminals.
    """

    definitions: Mapping[str, TerminalDef]
    ignored: tuple[str, ...]
    languages: Mapping[str, CharacterAutomaton] = field(default_factory=dict)
    opaque: Mapping[str, Node] = field(default_factory=dict)

    def language(self, name: str) -> CharacterAutomaton:
        """What a terminal matches; faults of its pattern name it."""
        if name in self.languages:
            return self.languages[name]
        try:
            return preferred_language(self.definitions[name].pattern.to_regexp())
        except (UnsupportedPattern, GrammarSyntaxError) as error:
            raise naming(error, name) from error

    def ignorable(self, name: str) -> Ignorable:
        """A terminal that is ignored, as it is matched."""
        if name in self.languages:
            return longest(self.languages[name], name)
        try:
            return ignorable(self.definitions[name].pattern.to_regexp())
        except (UnsupportedPattern, GrammarSyntaxError) as error:
            raise naming(error, name) from error


def naming(error: UnsupportedPattern | GrammarSyntaxError, terminal: str) -> UnsupportedPattern | GrammarSyntaxError:
    """The error of a pattern with the terminal that has it."""
    if isinstance(error, UnsupportedPattern):
        construct = f"{error.construct} in terminal {terminal}"
        return UnsupportedPattern(construct, error.source, error.position, error.advice)
    return GrammarSyntaxError(error.message, error.source, error.position, f"pattern of terminal {terminal}")


def scannerless_rules(
    rules: Iterable[Rule], start: str, terminals: Terminals, regular: Mapping[str, CharacterAutomaton]
) -> Grammar:
    """The grammar of compiled rules; `regular` are rules that are taken as one terminal each."""
    writer = _Writer(terminals)
    bodies: dict[str, list[Node]] = {}
    for rule in rules:
        name = str(rule.origin.name)
        if name not in regular:
            symbols = (
                writer.terminal(str(part.name)) if part.is_term else Call(str(part.name)) for part in rule.expansion
            )
            bodies.setdefault(name, []).append(ir.sequence(*symbols))
    for name, language in regular.items():
        bodies[name] = [writer.of_language(language, name)]
    written = {name: ir.choice(*nodes) for name, nodes in bodies.items()}
    written[WHOLE] = ir.sequence(Call(start), writer.anything_ignored())
    return Grammar(WHOLE, written | writer.ignored_rules)


@dataclass(slots=True)
class _Writer:
    """Terminals as nodes, each with what may be ignored before it; `ignored_rules` are the rules made for that."""

    terminals: Terminals
    nodes: TerminalNodes = field(default_factory=TerminalNodes)
    ignored_rules: dict[str, Node] = field(default_factory=dict)
    _ignored: Ignored | None = None
    _known: dict[str, Node] = field(default_factory=dict)
    _name_of: dict[CharacterAutomaton, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.terminals.ignored:
            self._ignored = Ignored(tuple(map(self.terminals.ignorable, self.terminals.ignored)))

    def terminal(self, name: str) -> Node:
        """The node of a terminal, or of what a declared one stands for."""
        if name not in self._known:
            if name in self.terminals.opaque:
                self._known[name] = ir.sequence(self.anything_ignored(), self.terminals.opaque[name])
            else:
                self._known[name] = self.of_language(self.terminals.language(name), name, self._text(name))
        return self._known[name]

    def anything_ignored(self) -> Node:
        """Ignored texts, or none, where what follows does not matter."""
        return ir.EPSILON if self._ignored is None else self._optional(self._ignored.all_sequences())

    def of_language(self, language: CharacterAutomaton, name: str, text: str = "") -> Node:
        """A member of a language behind what is ignored; `text` is its one member, if there is only one."""
        ways: list[Node] = []
        if language.accepting[0]:
            ways.append(ir.EPSILON)
            language = language - words([""])
        if language.is_empty:
            return ir.choice(*ways)
        node = ir.literal(text.encode()) if text else self.nodes.node(language)
        if self._ignored is None:
            return ir.choice(*ways, node)
        found = self._ignored.after(language, name)
        if len(found) == 1 and found[0][1] == language:
            return ir.choice(*ways, ir.sequence(self._optional(found[0][0]), node))
        behind = (
            ir.sequence(self._rule(ignored), node if rest == language else self.nodes.node(rest))
            for ignored, rest in found
        )
        return ir.choice(*ways, node, *behind)

    def _text(self, name: str) -> str:
        """The text of a terminal in quotes."""
        pattern = self.terminals.definitions[name].pattern
        is_text = isinstance(pattern, PatternStr) and not pattern.flags and name not in self.terminals.languages
        return str(pattern.value) if is_text else ""

    def _optional(self, ignored: CharacterAutomaton) -> Node:
        return ir.optional(self._rule(ignored))

    def _rule(self, ignored: CharacterAutomaton) -> Node:
        name = self._name_of.get(ignored)
        if name is None:
            name = self._name_of[ignored] = f"{IGNORED} {len(self._name_of) + 1}"
            self.ignored_rules[name] = self.nodes.node(ignored)
        return Call(name)
