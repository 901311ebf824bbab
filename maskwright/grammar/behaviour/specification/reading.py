"""Documents read as specifications: `spec_of(node, ...)`, for YAML files and for the builder alike.

In the order of reading: tools, segments, flow, rules, environment, budget. Whatever is not known is an error at its
place; nothing is executed, and only files beside the specification are read (`files`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.behaviour.logic.formula import (
    Formula,
    conjunction,
    disjunction,
    globally,
    holds,
    implies,
    once,
    previous,
)
from maskwright.grammar.behaviour.specification.delimiters import filled, opener, template
from maskwright.grammar.behaviour.specification.document import Node, check_identifier
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.flow import Flow, parse_flow, segments_of
from maskwright.grammar.behaviour.specification.names import unknown
from maskwright.grammar.behaviour.specification.rule_words import WORDS, Count, Lexical, Operands, meaning_of
from maskwright.grammar.behaviour.specification.spec import (
    Budget,
    Environment,
    Escape,
    Free,
    Level,
    Restriction,
    Rule,
    Segment,
    Spec,
    Voting,
    Writer,
)
from maskwright.grammar.behaviour.specification.texts import Surroundings, references, text_of
from maskwright.grammar.behaviour.specification.tools import functions_of
from maskwright.grammar.behaviour.specification.yaml_text import in_one_line

VERSION = 1
KEYS = (
    *("behaviour", "name", "tools", "delimiters", "segments", "flow", "rules"),
    *("environment", "budget", "examples", "voting"),
)
SEGMENT_KEYS = (*("open", "close", "writer", "text", "max_tokens", "min_chars", "max_chars", "escape", "bind"),)
ABOUT_KEYS = ("id", "why", "level")
IMPLIED = "ref-"
"""How the ids of rules begin that follow from references in texts."""


def spec_of(document: Node, name: str, folder: Folder) -> Spec:
    """The specification that a document describes; `name` if it does not name itself.

    Raises GrammarSyntaxError where the document has a text, else SpecError; LimitExceeded.
    """
    members = document.members(KEYS)
    for key in ("segments", "flow"):
        if key not in members:
            raise document.error(f"`{key}` is missing; a specification has at least `segments` and a `flow`")
    if "behaviour" in members and members["behaviour"].number(1) != VERSION:
        raise members["behaviour"].error(f"this is read as version {VERSION} of the format only")
    around = Surroundings(functions_of(members["tools"], folder) if "tools" in members else "[]", folder)
    segments = _segments(members["segments"], members.get("delimiters"), around)
    rules, lexical = _rules(members.get("rules"), segments)
    rules += _of_references(members["segments"], segments)
    environment, assumption, fallback = _environment(members.get("environment"), segments)
    return Spec(
        members["name"].text() if "name" in members else name,
        tuple(_restricted(segment, lexical) for segment in segments),
        _flow(members["flow"], segments),
        rules,
        tuple(rule for rule, _ in lexical),
        _budget(members.get("budget")),
        environment,
        assumption,
        fallback,
        _examples(members.get("examples"), folder),
        around.tools,
        _voting(members["voting"], segments) if "voting" in members else None,
    )


def _segments(node: Node, delimiters: Node | None, around: Surroundings) -> tuple[Segment, ...]:
    if not node.members():
        raise node.error("at least one segment was expected here")
    openers, closers = template(delimiters, "open"), template(delimiters, "close")
    segments: list[Segment] = []
    for name, one in node.members().items():
        check_identifier(name, "a segment", one, node.key_positions.get(name))
        members = {} if one.value is None else one.members(SEGMENT_KEYS)
        is_default = "open" not in members
        made = Segment(
            name,
            opener(openers, name, not segments) if is_default else members["open"].text(),
            members["close"].text() if "close" in members else filled(closers, name),
            members["writer"].one_of({writer.value: writer for writer in Writer})
            if "writer" in members
            else Writer.MODEL,
            text_of(members["text"], around) if "text" in members else Free(),
            members["max_tokens"].number(1) if "max_tokens" in members else None,
            members["min_chars"].number(0) if "min_chars" in members else 0,
            members["max_chars"].number(0) if "max_chars" in members else None,
            _escape(members["escape"]) if "escape" in members else Escape.REPLACE,
            members["bind"].text() if "bind" in members else None,
        )
        if made.max_chars is not None and made.max_chars < made.min_chars:
            raise members["max_chars"].error(f"`max_chars` is less than the `min_chars` {made.min_chars}")
        segments.append(made)
    return tuple(segments)


def _escape(node: Node) -> Escape:
    if node.value is True:
        return Escape.REPLACE
    if node.value is False:
        raise node.error("delimiters in texts of others are always made harmless: true, replace or reject")
    return node.one_of({escape.value: escape for escape in Escape})


def _flow(node: Node, segments: tuple[Segment, ...]) -> Flow:
    text = node.text()
    try:
        flow = parse_flow(text)
    except GrammarSyntaxError as fault:
        raise node.inside(fault) from fault
    names = [segment.name for segment in segments]
    for name in segments_of(flow):
        if name not in names:
            raise node.error_at_name(unknown("segment", name, names), name)
    return flow


_Lexical = tuple[tuple[Rule, Lexical], ...]


def _rules(node: Node | None, segments: tuple[Segment, ...]) -> tuple[tuple[Rule, ...], _Lexical]:
    """The rules about traces, and those about texts."""
    operands = Operands(segments)
    rules: list[Rule] = []
    lexical: list[tuple[Rule, Lexical]] = []
    used: Counter[str] = Counter()
    ids: set[str] = set()
    for one in node.items() if node is not None else ():
        word, value, about = _word(one)
        used[word] += 1
        id_ = about["id"].text() if "id" in about else word if used[word] == 1 else f"{word}-{used[word]}"
        if not id_ or len(id_) > 100 or id_.startswith(IMPLIED):
            raise about["id"].error(f"an id is a text of 1 to 100 characters that does not begin with {IMPLIED!r}")
        if id_ in ids:
            raise one.error(f"another rule has the id {id_!r} too; give this one its own `id`")
        ids.add(id_)
        level = about["level"].one_of({level.value: level for level in Level}) if "level" in about else Level.HARD
        meaning = meaning_of(word, value, operands)
        rule = Rule(id_, words_of(word, value), why=about["why"].text() if "why" in about else "", level=level)
        match meaning:
            case Count(of, minimum, maximum):
                rules.append(replace(rule, of=of, minimum=minimum, maximum=maximum))
            case Lexical() if level is Level.HARD:
                lexical.append((rule, meaning))
            case Lexical(_, formula):
                if formula is None:
                    raise one.error(
                        "this rule cannot only warn: what it asks of a text is no property that a rule names"
                    )
                rules.append(replace(rule, formula=formula))
            case formula:
                rules.append(replace(rule, formula=formula))
    return tuple(rules), tuple(lexical)


def _word(node: Node) -> tuple[str, Node, dict[str, Node]]:
    """The word of a rule, what stands behind it, and what is said about the rule."""
    members = node.members((*WORDS, *ABOUT_KEYS), "word for a rule")
    words = [key for key in members if key in WORDS]
    if len(words) != 1:
        raise node.error(f"a rule has one word, such as `never` or `only_after`, not {len(words)}")
    return words[0], members[words[0]], {key: members[key] for key in ABOUT_KEYS if key in members}


_ORDER = "n of do need each when then steps from to never must all any in fold word".split()
"""The keys behind words, as they are best read."""


def words_of(word: str, value: Node) -> str:
    """A rule as it is shown, in one line, its keys in one order; what is not so is left out."""
    data = value.data()
    if isinstance(data, dict):
        data = {key: data[key] for key in sorted(data, key=_ORDER.index) if data[key] is not False}
    return in_one_line({word: data}).removeprefix("{").removesuffix("}")


def _restricted(segment: Segment, lexical: _Lexical) -> Segment:
    """The segment with what lexical rules ask of its text."""
    found = tuple(
        Restriction(rule.id, text) for rule, meaning in lexical for name, text in meaning.texts if name == segment.name
    )
    return replace(segment, restrictions=found)


def _of_references(node: Node, segments: tuple[Segment, ...]) -> tuple[Rule, ...]:
    """The rules that a text which refers to an earlier one comes after one that can be referred to."""
    bound: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.bind is not None:
            bound.setdefault(segment.bind, []).append(segment)
    rules = []
    for segment in segments:
        needed = dict.fromkeys(name for name, is_needed in references(segment.text) if is_needed)
        for name, _ in references(segment.text):
            if name not in bound:
                raise node.members()[segment.name].error(f"{unknown('bound text', name, bound)}; `bind` makes one")
        if needed:
            earlier = [previous(once(_any_of(bound[name]))) for name in needed]
            formula = globally(implies(holds(segment.name), conjunction(*earlier)))
            words = f"the text of {segment.name} repeats an earlier {', '.join(needed)}"
            rules.append(Rule(f"{IMPLIED}{segment.name}", words, formula))
    return tuple(rules)


def _any_of(segments: Iterable[Segment]) -> Formula:
    return disjunction(*(holds(segment.name) for segment in segments))


def _environment(node: Node | None, segments: tuple[Segment, ...]) -> tuple[Environment, Formula | None, str | None]:
    """What is expected of others, an assumption about them, and the segment to go to when it is broken."""
    if node is None:
        return Environment.ADVERSARIAL, None, None
    if isinstance(node.value, str):
        modes = {mode.value: mode for mode in Environment if mode is not Environment.ASSUME}
        return node.one_of(modes), None, None
    members = node.members(("assume", "fallback"))
    if "assume" not in members:
        raise node.error(
            "`assume` is missing; an environment is adversarial, cooperative or {assume: ..., fallback: ...}"
        )
    operands = Operands(segments)
    assumed = members["assume"]
    if isinstance(assumed.value, str):
        formula = operands.formula(assumed)
    else:
        word, value, _ = _word(assumed)
        meaning = meaning_of(word, value, operands)
        if not isinstance(meaning, Formula):
            raise assumed.error(f"`{word}` cannot be assumed; write a formula, or a rule that is one")
        formula = meaning
    return Environment.ASSUME, formula, operands.segment(members["fallback"]) if "fallback" in members else None


def _budget(node: Node | None) -> Budget:
    keys = ("generated_tokens", "context_tokens")
    members = {} if node is None else node.members(keys)
    return Budget(*(members[key].number(1) if key in members else None for key in keys))


def _voting(node: Node, segments: tuple[Segment, ...]) -> Voting:
    members = node.members(("samples", "segment"))
    if len(members) < 2:
        raise node.error("voting has a number of `samples` and the `segment` whose texts are counted")
    return Voting(members["samples"].number(1), Operands(segments).segment(members["segment"]))


def _examples(node: Node | None, folder: Folder) -> tuple[str, ...]:
    items = () if node is None else node.items()
    if folder.path is not None:
        for item in items:
            folder.find(item)
    return tuple(item.text() for item in items)
