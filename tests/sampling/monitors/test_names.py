"""Names behind triggers against their definition, in all texts that random walks come to."""

from __future__ import annotations

import re

import pytest

from maskwright import Compiler, Grammar, Vocabulary, allowed_tokens
from maskwright.errors import MatcherError
from maskwright.sampling.monitors import MonitoredMatcher, NamesAfterTriggers, NameSyntax, Unanswered, Waiting
from tests.sampling.monitors.toys import EOS, PAD, legal_by_definition, random_walks, tokens_of, vocabulary_of

VOCABULARY = vocabulary_of(
    *(bytes([byte]) for byte in b"abx.( ->"),
    *(b"ab", b"ab(", b".a", b"b.", b"(x.", b"x.x", b"->", b"->a", b"-", b">b", b"ba ", b"\xc3", b"\xa9", b"a\xc3"),
)
NAMES = {b"a": ["ab", "aba", "b"], b"b": ["é", "a"], b"x": None, b"": ["x"]}
"""What may follow the last letter before a trigger; None: anything."""


def analysis(text: bytes) -> list[str] | None:
    before = text.removesuffix(b".").removesuffix(b"->")
    return NAMES.get(before[-1:], ["abx"])


def is_kept_for(syntax: NameSyntax, prompt: bytes) -> object:
    trigger = re.compile(b"|".join(map(re.escape, syntax.triggers)))

    def is_kept(text: bytes, token: bytes) -> bool:
        """By definition: no trigger ends strictly within the token, and the name behind the last one is legal."""
        whole = prompt + text + token
        seen = len(prompt + text)
        ends = {match.end() for at in range(len(whole)) for match in [trigger.match(whole, at)] if match is not None}
        if any(seen < end < len(whole) for end in ends):
            return False
        before = [end for end in ends if end <= seen]
        if not before:
            return True
        return name_is_legal(whole, max(before), syntax)

    return is_kept


def name_is_legal(whole: bytes, begin: int, syntax: NameSyntax) -> bool:
    names = analysis(whole[:begin])
    if names is None:
        return True
    name = whole[begin : begin + syntax.end_of_name(whole[begin:])]
    if begin + len(name) == len(whole):
        return any(legal.encode().startswith(name) for legal in names)
    return name.decode(errors="replace") in names


@pytest.mark.parametrize("prompt", [b"", b"a", b"b.", b"b.a", b"x.zz", b"a->", b"q (", b"a-"])
@pytest.mark.parametrize("triggers", [(b".",), (b".", b"->")], ids=str)
def test_a_token_is_legal_exactly_by_the_definition(triggers: tuple[bytes, ...], prompt: bytes) -> None:
    syntax = NameSyntax(triggers)
    is_kept = is_kept_for(syntax, prompt)
    n_restricted = 0
    with NamesAfterTriggers(Compiler(VOCABULARY), analysis, syntax=syntax) as names:
        for text, _, legal in random_walks(names.monitor(prompt), VOCABULARY, 25, 14):
            expected = legal_by_definition(text, VOCABULARY, is_kept)
            # The end of a text ends a name, as a byte does that is in none.
            whole = prompt + text
            ends = [match.end() for trigger in triggers for match in re.finditer(re.escape(trigger), whole)]
            if not ends or name_is_legal(whole + b" ", max(ends), syntax):
                expected |= {EOS}
            assert legal == expected, whole
            n_restricted += len(legal) < 5
        assert names.report.failed == 0
        assert names.report.timed_out == 0
    assert n_restricted > 5


def test_tokens_may_run_past_a_name_but_not_past_a_trigger() -> None:
    with NamesAfterTriggers(Compiler(VOCABULARY), analysis) as names:
        here = names.monitor(b"a.a")
        texts = {VOCABULARY.text_of(token) for token in tokens_of(here, VOCABULARY)}
        assert texts == {b"", b"b", b"b."} | {b"ba "}
        texts = {VOCABULARY.text_of(token) for token in tokens_of(names.monitor(b"a"), VOCABULARY)}
        assert b".a" not in texts
        assert b"x.x" not in texts
        assert {b".", b"b.", b"(x."} <= texts


def test_special_tokens_leave_a_name_where_it_is() -> None:
    with NamesAfterTriggers(Compiler(VOCABULARY), analysis) as names:
        for prompt in (b"a.", b"a.a", b"a"):
            here = names.monitor(prompt)
            assert PAD in tokens_of(here, VOCABULARY)
            assert tokens_of(here.after(PAD, b""), VOCABULARY) == tokens_of(here, VOCABULARY)


def test_no_legal_name_is_a_dead_end_and_not_an_error() -> None:
    with NamesAfterTriggers(Compiler(VOCABULARY), lambda _: []) as names:
        row = names.monitor(b"a.").legal_tokens()
        assert row is not None
        assert not row.any()


def test_a_prompt_that_ends_within_a_wrong_name_is_a_dead_end() -> None:
    with NamesAfterTriggers(Compiler(VOCABULARY), analysis) as names:
        assert tokens_of(names.monitor(b"a.x"), VOCABULARY) == set()
        assert tokens_of(names.monitor(b"x.x"), VOCABULARY) > {EOS}


def test_names_that_could_not_be_written_count_as_a_failure() -> None:
    for wrong in ("a-b", "", "a.b"):
        waiting = Waiting(unanswered=Unanswered.ALLOW)
        with NamesAfterTriggers(Compiler(VOCABULARY), lambda _, name=wrong: [name], waiting=waiting) as names:
            assert EOS in tokens_of(names.monitor(b"a."), VOCABULARY)
            assert names.report.failed == 1
            assert "which is no name" in names.report.last_failure


def test_a_trigger_must_not_look_like_a_name() -> None:
    for trigger in (b"", b"new ", b"\xc3"):
        with pytest.raises(MatcherError, match="A trigger must have bytes, and none of names"):
            NameSyntax((trigger,))


def test_forks_and_rollbacks_have_answers_of_their_own() -> None:
    compiler = Compiler(VOCABULARY)
    grammar = compiler.compile_grammar(Grammar.from_regex("[abx](\\.[abx]*)*"))
    token_of = {text: token for token, text in enumerate(VOCABULARY.token_bytes)}
    with NamesAfterTriggers(compiler, analysis) as names:
        matcher = MonitoredMatcher(grammar.matcher(), names.monitor(), VOCABULARY)
        fork = matcher.fork()
        for text in (b"a", b"."):
            matcher.accept_token(token_of[text])
        for text in (b"b", b"."):
            fork.accept_token(token_of[text])
        assert texts_allowed(matcher) == {b"a", b"b", b"ab", b"b."}
        assert texts_allowed(fork) == {b"a"}
        matcher.accept_token(token_of[b"ab"])
        assert texts_allowed(matcher) == {b"a", b".", b"<eos>"}
        matcher.rollback(2)
        assert texts_allowed(matcher) >= {b".", b"<eos>"}
        matcher.accept_token(token_of[b"."])
        assert texts_allowed(matcher) == {b"a", b"b", b"ab", b"b."}
        assert texts_allowed(fork) == {b"a"}
        assert names.report.asked == 2  # `a.` and `b.`, each once
        assert names.report.reused == 1


def texts_allowed(matcher: MonitoredMatcher) -> set[bytes]:
    import numpy as np

    row = np.empty((VOCABULARY.size + 31) // 32, np.int32)
    matcher.fill_bitmask(row)
    return {VOCABULARY.token_bytes[token] for token in allowed_tokens(row, VOCABULARY.size)}


def test_a_real_vocabulary_writes_the_members_of_str_in_any_tokenisation(bundled: Vocabulary) -> None:
    members = dir(str)
    with NamesAfterTriggers(Compiler(bundled), lambda _: members) as names:
        for typed in (b"", b"s", b"is", b"split", b"rs"):
            legal = tokens_of(names.monitor(b"x." + typed), bundled)
            for token in range(bundled.size):
                text = typed + bundled.text_of(token)
                if bundled.text_of(token):
                    match = re.match(rb"[\w\x80-\xff]*", text)
                    assert match is not None
                    name, rest = match.group(), text[match.end() :]
                    known = [member.encode() for member in members]
                    expected = name in known if rest else any(member.startswith(name) for member in known)
                    expected &= b"." not in bundled.text_of(token)[:-1]
                    assert (token in legal) == expected, text
