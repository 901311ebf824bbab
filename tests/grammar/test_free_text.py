"""The pass that shares free text: the language stays, and the right parts are found."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.free_text import MAX_AUTOMATA, share_free_text
from maskwright.grammar.gbnf.front_end import read_gbnf
from maskwright.grammar.ir import Automaton, Call, Choice, Grammar, Node, Repeat, Sequence
from maskwright.grammar.notation.lowering import plainly_lowered
from tests.grammar.gbnf.test_front_end import grammars
from tests.naive.recogniser import accepts


def grammar_of(text: str) -> Grammar:
    return plainly_lowered(read_gbnf(text), "root")


def automata(node: Node) -> list[Automaton]:
    match node:
        case Automaton():
            return [node]
        case Sequence(parts) | Choice(parts):
            return [automaton for part in parts for automaton in automata(part)]
        case Repeat(body, _, _):
            return automata(body)
    return []


def shared_in(text: str) -> dict[str, int]:
    """How many automata each rule has."""
    return {name: len(automata(node)) for name, node in share_free_text(grammar_of(text)).rules.items()}


@settings(max_examples=150)
@given(
    grammars.map(lambda source: source.replace("[a-b]", "[a-z]").replace("{1,}", "{0,9}")),
    st.lists(st.text("abé", max_size=6), min_size=1, max_size=6),
)
def test_the_language_stays(source: str, texts: list[str]) -> None:
    plain = grammar_of(source)
    shared = share_free_text(plain)
    for text in texts:
        assert accepts(shared, text.encode()) == accepts(plain, text.encode()), text


def test_a_rule_like_free_text_becomes_one_automaton_with_the_rules_that_it_calls() -> None:
    source = 'root ::= "[" string ("," root)? "]"\nstring ::= "\\"" char* "\\""\nchar ::= [^"\\\\] | "\\\\" ["n]'
    assert shared_in(source) == {"root": 0, "string": 1, "char": 0}
    grammar = share_free_text(grammar_of(source))
    (automaton,) = automata(grammar.rules["string"])
    assert automaton.automaton.is_shared and isinstance(grammar.rules["string"], Automaton)


def test_a_run_inside_a_recursive_rule_is_shared() -> None:
    assert shared_in('root ::= "<" [a-z]+ ">" root* "</" [a-z]+ ">"') == {"root": 2}


def test_small_loops_and_fixed_texts_stay_as_they_are() -> None:
    source = 'root ::= [0-9]+ ws "true" root?\nws ::= [ \\t\\n]*'
    assert share_free_text(grammar_of(source)).rules == grammar_of(source).rules


def test_counted_characters_keep_their_count_in_the_node() -> None:
    grammar = share_free_text(grammar_of('root ::= "\\"" char{2,40} "\\"" root?\nchar ::= [^"\\\\] | "\\\\" ["n]'))
    (automaton,) = automata(grammar.rules["root"])
    assert automaton.counter == (2, 40)
    assert not accepts(grammar, b'"a"') and accepts(grammar, b'"a\\n"')
    assert accepts(grammar, b'"' + "é".encode() * 40 + b'"') and not accepts(grammar, b'"' + b"e" * 41 + b'"')


def test_rules_that_are_shared_are_called_and_not_written_out() -> None:
    grammar = share_free_text(grammar_of('root ::= name " " name\nname ::= [a-z]+'))
    assert Call("name") in grammar.rules["root"].parts  # type: ignore[attr-defined]


def test_no_more_automata_are_made_than_the_limit() -> None:
    lines = [f'r{i} ::= "{i}" [a-z]+ "{i}" r{i + 1}?' for i in range(9)]
    counts = shared_in("root ::= r0\n" + "\n".join(lines) + '\nr9 ::= "end"')
    assert sum(counts.values()) == MAX_AUTOMATA


def test_chains_of_rules_do_not_exhaust_the_stack() -> None:
    lines = [f'r{i} ::= (((("x" r{i + 1})? "z")? "y")? [a-z]* "w")? "q"' for i in range(500)]
    grammar = share_free_text(grammar_of("root ::= r0\n" + "\n".join(lines) + '\nr500 ::= "a"'))
    assert len(grammar.rules) == 502
