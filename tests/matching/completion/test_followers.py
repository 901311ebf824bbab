"""Which bytes may follow a rule, and with which it may end: as written down by hand."""

from __future__ import annotations

import maskwright as mw
from maskwright.grammar.ir import Call
from maskwright.matching.completion.followers import ASCII_END, BY_BYTES, Followers
from tests.matching.completion.brute import vocabulary_of


def followers_of(grammar: mw.CompiledGrammar) -> dict[str, tuple[str, str]]:
    """Of each rule by name: what may follow, what it may end with. An empty text is its caller's, not the rule's."""
    network = grammar._network
    network.build_ahead(100_000)
    followers = Followers(network)
    found = {}
    for number, (node, _) in enumerate(network.entries()):
        if isinstance(node, Call):
            found[node.name] = (letters(followers.of(number)), letters(followers.last(number)))
    return found


def letters(found: int) -> str:
    """The ASCII characters of a set, and `*` for all others."""
    text = "".join(chr(byte) for byte in range(ASCII_END) if found >> byte & 1)
    return text + ("*" if found >> ASCII_END & 1 else "")


def test_what_follows_a_rule_and_what_it_ends_with() -> None:
    text = """
    root ::= "<" list ">" | word "!"
    list ::= "[" word? ("," word)* "]" | empty word
    word ::= [a-c]+ tail
    tail ::= "1" | "2é" | ""
    empty ::= ("x" empty)?
    """
    found = followers_of(mw.Compiler(vocabulary_of()).compile_gbnf(text))
    assert found["root"] == ("", "!>")
    assert found["list"] == (">", "1]abc*")
    assert found["word"] == ("!,>]", "1abc*")
    assert found["tail"] == ("!,>]", "1*")
    assert found["empty"] == ("abc", "x")


def test_rules_that_are_entered_by_each_other_share_their_ends() -> None:
    text = 'root ::= "(" a ")"\na ::= "x" b | "p"\nb ::= "y" a | "q" c\nc ::= "z"?'
    found = followers_of(mw.Compiler(vocabulary_of()).compile_gbnf(text))
    assert found["a"] == (")", "pqz")
    assert found["b"] == (")", "pqz")
    assert found["c"] == (")", "z")


def test_rules_of_very_many_states_are_read_byte_by_byte() -> None:
    def is_by_bytes(schema: dict[str, object]) -> bool:
        network = mw.Compiler(vocabulary_of()).compile_json_schema(schema)._network
        network.build_ahead(200_000)
        followers = Followers(network)
        return any(followers.last(number) & BY_BYTES for number in range(followers.n_rules))

    assert is_by_bytes({"type": "string", "format": "hostname"})
    assert not is_by_bytes({"type": "string", "format": "email"})
    assert is_by_bytes({"type": "string", "format": "email", "maxLength": 200})
