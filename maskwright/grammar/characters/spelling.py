"""Languages over characters spelled in bytes: plain UTF-8 and JSON strings.

Every state of the character automaton becomes a body state and the inner nodes of its tree (`encoding`, `template`).
What the tree does not tell apart is shared: the rest of a character after which only one body can follow, by phase and
that body; and everything once any text may follow, which is the automaton of all texts itself (by links).
A state from which most characters lead to "any text may follow" is spelled by difference: its base is the state of the
automaton of all texts in the same phase, and only the other characters have edges.

Units: the edge that begins a character, in whatever spelling, BEGINS_UNIT; a surrogate pair in escapes is one character
because only its first backslash leaves a body. The closing quote CLOSES.
Cost: some 20 states a character state that knows all characters, one or two for ASCII ones; the arrays are filled by
numpy for all states of a pattern at once. Raises LimitExceeded for more than MAX_EDGES.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import LimitExceeded
from maskwright.grammar.byte_automaton import REFUSED, ByteAutomaton, automaton_of_table
from maskwright.grammar.characters._product import row_patterns
from maskwright.grammar.characters._template import DEAD, TO_UNIFORM, UNIVERSAL, template_instances
from maskwright.grammar.characters.any_text import QUOTE, AnyText, any_text
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import ANY_CHARACTER, MAX_CODE_POINT
from maskwright.grammar.characters.encoding import JSON_ENCODINGS, PLAIN, Encoding, Escapes
from maskwright.grammar.characters.measures import least_to_accept
from maskwright.grammar.characters.stored import stored_spelling
from maskwright.grammar.characters.template import Template, class_tree, template

MAX_EDGES = 2_000_000
"""Of one automaton in bytes, some 100 bytes each while it is made; one state that reads letters of all scripts has a
thousand, so a pattern may have 2,000 of those."""

_LINK_BYTES = 100

MAX_BYTES_OF_CHARACTER = 12
"""`\\ud83d\\ude00` is one character."""


def automaton_bytes(automaton: ByteAutomaton) -> int:
    """The memory that an automaton takes, those aside that it links to."""
    n_bytes = automaton.edge_start.nbytes + automaton.edges.nbytes + automaton.edge_unit.nbytes
    n_bytes += automaton.accepting.nbytes + _LINK_BYTES * len(automaton.links)
    return n_bytes + sum(array.nbytes for array in (automaton.base, automaton.reserve) if array is not None)


@bounded_cache(automaton_bytes, max_entries=512)
def utf8_automaton(language: CharacterAutomaton) -> ByteAutomaton:
    """The members of the language in UTF-8; the language must not be empty.

    Characters are the units, so `Automaton(utf8_automaton(a), 0, counter=(m, n))` bounds the number of characters.
    """
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, PLAIN)


@bounded_cache(automaton_bytes, max_entries=512)
def counted_utf8_automaton(language: CharacterAutomaton) -> ByteAutomaton:
    """The same with the characters that each state still needs, for a counter with a greatest number (`reserve`)."""
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, PLAIN, least_to_accept(language))


@bounded_cache(automaton_bytes, max_entries=512)
def json_string_automaton(language: CharacterAutomaton, escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """The JSON strings, both quotes included, whose value is a member; the language must not be empty."""
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, JSON_ENCODINGS[escapes])


@bounded_cache(automaton_bytes, max_entries=512)
def counted_json_string_automaton(language: CharacterAutomaton, escapes: Escapes = Escapes.CANONICAL) -> ByteAutomaton:
    """The same with the characters that each state still needs, for a counter with a greatest number (`reserve`)."""
    assert not language.is_empty, "an empty language has no automaton without dead states"
    return _spelled(language, JSON_ENCODINGS[escapes], least_to_accept(language))


@dataclass(frozen=True, slots=True)
class _Group:
    """Character states of one pattern.

    sources: int64[n], their bodies. targets: int64[n, n_slots], the bodies of their slots. inner: the number of the
    first inner node of the first of them; each has `n_inner`.
    """

    template: Template
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    inner: int
    n_inner: int


def _spelled(language: CharacterAutomaton, encoding: Encoding, least: NDArray[np.int32] | None = None) -> ByteAutomaton:
    everything = any_text(encoding)
    if language.is_universal:
        return everything.automaton
    how = repr(encoding) if least is None else f"{encoding!r}, counted"
    return stored_spelling(
        language, how, everything.automaton, lambda: _put_together(language, encoding, everything, least)
    )


def _put_together(
    language: CharacterAutomaton, encoding: Encoding, everything: AnyText, least: NDArray[np.int32] | None
) -> ByteAutomaton:
    universal = _universal_state(language)
    # bodies first, in the order of the character states; with quotes, state 0 opens and the last of these is the end
    is_quoted = everything.end >= 0
    body_of = np.arange(language.n_states, dtype=np.int64) + is_quoted
    n_states = language.n_states + is_quoted
    if universal >= 0:
        body_of[universal:] -= 1
        n_states -= 1
    others = np.arange(language.n_states) != universal
    end = n_states
    n_states += is_quoted and bool(language.accepting[others].any())
    groups, n_states = _groups(language, universal, encoding, everything, body_of, n_states)

    n_edges = sum(len(group.template.columns) * len(group.sources) for group in groups)
    if n_edges > MAX_EDGES:
        raise LimitExceeded("A pattern spelled in bytes", n_edges, MAX_EDGES, remedy="use smaller counts or sets")
    uniform_of, uniform_table, n_states = _uniform_states(groups, everything, end, n_states)
    blocks = [
        template_instances(
            group.template.columns, group.sources, group.targets, uniform_of, group.inner, group.n_inner, end
        )
        for group in groups
    ]
    blocks.append(uniform_table)
    if is_quoted:
        target = int(body_of[0]) if universal != 0 else -1
        blocks.append(np.array([[0, QUOTE, QUOTE, target, 0]], dtype=np.int64))
    rows = np.concatenate(blocks)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    edge_start = np.zeros(n_states + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows[:, 0], minlength=n_states), out=edge_start[1:])
    table = np.ascontiguousarray(rows[:, 1:], dtype=np.int32)
    linked = _number_links(table)
    accepting = np.zeros(n_states, np.bool_)
    if is_quoted:
        accepting[end : end + 1] = bool(language.accepting[others].any())
    else:
        accepting[body_of[others]] = language.accepting[others]
    base = _bases(groups, n_states)
    reserve = None if least is None else _reserves(rows, n_states, body_of[others], least[others])
    return automaton_of_table(
        edge_start,
        table,
        accepting,
        links=tuple((everything.automaton, state) for state in linked),
        base=base,
        base_automaton=None if base is None else everything.automaton,
        reserve=reserve,
    )


def _reserves(
    rows: NDArray[np.int64], n_states: int, bodies: NDArray[np.int64], least: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The units that each state needs: those of a body are known, and inside a character those of the nearest body.

    rows: int64[n_edges, 5] as `_instances` makes them. Links lead to where any text may follow: nothing is needed.
    """
    is_inner = np.ones(n_states, np.bool_)
    is_inner[bodies] = False
    source, target = rows[is_inner[rows[:, 0]] & (rows[:, 3] != REFUSED)][:, [0, 3]].T
    reserve = np.zeros(n_states + 1, np.int32)  # the last one is what links need
    reserve[np.unique(source)] = np.iinfo(np.int32).max
    reserve[bodies] = least
    for _ in range(MAX_BYTES_OF_CHARACTER):
        np.minimum.at(reserve, source, reserve[np.where(target < 0, n_states, target)])
    return reserve[:-1]


def _groups(
    language: CharacterAutomaton,
    universal: int,
    encoding: Encoding,
    everything: AnyText,
    body_of: NDArray[np.int64],
    n_states: int,
) -> tuple[list[_Group], int]:
    """The character states by pattern, and the number of states after theirs."""
    pattern_of, slots, targets, n_patterns = row_patterns(language.transitions, language.accepting, universal)
    sizes = [sum(high - low + 1 for low, high in ranges) for ranges in language.alphabet.ranges()]
    tree = class_tree(encoding, language.alphabet.intervals)
    order = np.argsort(pattern_of, kind="stable")
    bounds = np.searchsorted(pattern_of[order], np.arange(n_patterns + 1))
    groups = []
    for pattern in range(n_patterns):
        states = order[bounds[pattern] : bounds[pattern + 1]]
        pattern_slots = slots[states[0]].tolist()
        weight = sum(size for size, slot in zip(sizes, pattern_slots, strict=True) if slot == UNIVERSAL)
        made = template(
            tree,
            everything,
            pattern_slots,
            is_based=weight > MAX_CODE_POINT // 2,
            is_accepting=bool(language.accepting[states[0]]),
        )
        n_slots = max([DEAD, *pattern_slots]) + 1
        group = _Group(made, body_of[states], body_of[targets[states, :n_slots]], n_states, len(made.phases) - 1)
        groups.append(group)
        n_states += group.n_inner * len(states)
    return groups, n_states


def _uniform_states(
    groups: list[_Group], everything: AnyText, n_bodies: int, n_states: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The states (body, phase) after which only that body can follow.

    Returns their numbers int64[n_bodies, n_phases] (-1: none), their edges, and the number of states after them.
    """
    used = np.zeros((n_bodies, everything.automaton.n_states), np.bool_)
    for group in groups:
        columns = group.template.columns
        for slot, phase in set(map(tuple, columns[columns[:, 4] == TO_UNIFORM][:, 5:7].tolist())):
            used[group.targets[:, slot], phase] = True
    if not used.any():
        return np.empty((0, 0), np.int64), np.empty((0, 5), np.int64), n_states
    used = used @ everything.behind
    n_used = int(np.count_nonzero(used))
    numbers = np.full(used.shape, -1, np.int64)
    numbers[used] = n_states + np.arange(n_used)
    bodies, edges = np.nonzero(used[:, everything.inner[:, 0]])
    phase, low, high, target = everything.inner[edges].T
    rows = np.zeros((len(edges), 5), np.int64)
    rows[:, 0] = numbers[bodies, phase]
    rows[:, 1] = low
    rows[:, 2] = high
    rows[:, 3] = np.where(target == everything.body, bodies, numbers[bodies, target])
    return numbers, rows, n_states + n_used


def _number_links(table: NDArray[np.int32]) -> list[int]:
    """Give the linked states dense numbers, in place; the linked states in that order."""
    targets = table[:, 2]
    is_link = (targets < 0) & (targets != REFUSED)
    if not is_link.any():
        return []
    states, number = np.unique(-1 - targets[is_link], return_inverse=True)
    targets[is_link] = -1 - number
    return [int(state) for state in states]


def _bases(groups: list[_Group], n_states: int) -> NDArray[np.int32] | None:
    """For each state the state of the automaton of all texts that it differs from, -1 for none."""
    if not any(group.template.is_based for group in groups):
        return None
    base = np.full(n_states, -1, np.int32)
    for group in groups:
        if group.template.is_based:
            base[group.sources] = group.template.phases[0]
            inner = group.inner + np.arange(group.n_inner * len(group.sources))
            base[inner] = np.tile(group.template.phases[1:], len(group.sources))
    return base


def _universal_state(language: CharacterAutomaton) -> int:
    """The state after which any text may follow, or -1."""
    spelled = sum(high - low + 1 for ranges in language.alphabet.ranges() for low, high in ranges)
    if spelled != ANY_CHARACTER.size:
        return -1
    stays = (language.transitions == np.arange(language.n_states)[:, None]).all(axis=1) & language.accepting
    return int(np.argmax(stays)) if stays.any() else -1
