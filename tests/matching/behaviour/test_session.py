"""What hosts do with sessions: limits of segments, assumptions that are broken, turns for other samplers, verdicts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import maskwright as mw
from maskwright.behaviour import Budget, Done, Handover, Program, Session, Spec, Verdict
from maskwright.matching.bitmask import allowed_tokens

PIECES = [b"\n[", b"[A] ", b"</b>", b"<b>", b" the", b" cat", b"</b>\n[A]", b"xx", b"\n[B"]
END = 256 + len(PIECES)
VOCABULARY = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), *PIECES, b""], eos_token_ids=[END])
COMPILER = mw.Compiler(VOCABULARY)


def play(session: Session, rng: np.random.Generator, answer: Callable[[Handover], str]) -> Session:
    """To the end, with random tokens."""
    row = np.zeros(session.row_shape, np.int32)
    while not isinstance(session.event, Done):
        if isinstance(session.event, Handover):
            session.observe(answer(session.event))
            continue
        session.fill_bitmask(row)
        allowed = allowed_tokens(row, VOCABULARY.size)
        assert len(allowed), session.text
        session.accept_token(int(rng.choice(allowed)))
    return session


LIMITED = r"""
segments:
  q: {open: "[Q] ", writer: user}
  a: {open: "\n[A] ", text: free, max_tokens: 5}
  b: {open: "<b>", close: "</b>", text: free, max_tokens: 6}
flow: q (a | b){1,6}
budget: {generated_tokens: 90}
"""


@pytest.mark.parametrize("seed", range(25))
def test_a_segment_has_no_more_tokens_than_its_limit(seed: int) -> None:
    program = COMPILER.compile_behaviour(Spec.from_yaml(LIMITED, "limited"))
    session = program.start()
    session.observe("why?")
    rng = np.random.default_rng(seed)
    row = np.zeros(session.row_shape, np.int32)
    inside, tokens = None, 0
    while not isinstance(session.event, Done):
        session.fill_bitmask(row)
        token = int(rng.choice(allowed_tokens(row, VOCABULARY.size)))
        session.accept_token(token)
        last = program.reader.split(session.text)[-1]
        here = (last.segment, last.begin)
        tokens = tokens + 1 if here == inside and not (last.segment == "b" and last.is_closed) else 0
        inside = here
        if last.segment in {"a", "b"}:
            opener_at_most = 4  # the tokens of the opener that ends it: "\n", "[", "A", "] "
            assert tokens <= {"a": 5 + opener_at_most, "b": 6}[last.segment]


ASSUMING = r"""
segments:
  q: {open: "[Q]", writer: user}
  a: {open: "<a>", close: "</a>", text: {regex: "x+"}}
  r: {open: "<r>", close: "</r>", writer: env, text: {choice: [ok, bad]}}
  sorry: {open: "<s>", close: "</s>", text: {regex: "y+"}}
flow: q a r a
rules: [{never: 'r == "bad"'}]
environment: {assume: 'G !(r == "bad")'FALLBACK}
budget: {generated_tokens: 40}
"""


def test_others_who_break_what_is_assumed_of_them_lead_to_the_fallback() -> None:
    spec = Spec.from_yaml(ASSUMING.replace("FALLBACK", ", fallback: sorry"), "assuming")
    session = COMPILER.compile_behaviour(spec).start()
    play(session, np.random.default_rng(0), lambda event: "bad" if event.segment == "r" else "?")
    assert session.event == Done(is_broken=True)
    assert session.text.endswith("<r>bad</r><s>" + session.pieces[-1].text + "</s>")
    assert session.verdicts().whole is Verdict.VIOLATED_FOR_GOOD


def test_without_a_fallback_the_trace_ends_there() -> None:
    spec = Spec.from_yaml(ASSUMING.replace("FALLBACK", ""), "assuming")
    session = COMPILER.compile_behaviour(spec).start()
    play(session, np.random.default_rng(0), lambda event: "bad" if event.segment == "r" else "?")
    assert session.event == Done(is_broken=True)
    assert session.is_finished()
    session.rollback(1)
    assert isinstance(session.event, Handover)
    session.observe("ok")
    play(session, np.random.default_rng(1), lambda _: "")
    assert session.verdicts().whole in {Verdict.SATISFIED_SO_FAR, Verdict.SATISFIED_FOR_GOOD}


def test_a_budget_that_is_too_small_names_the_least_one() -> None:
    spec = Spec.from_yaml(LIMITED, "limited")
    least = COMPILER.compile_behaviour(spec).least_budget
    COMPILER.compile_behaviour(spec, budget=Budget(generated_tokens=least))
    with pytest.raises(mw.MaskwrightError, match=f"can need {least} generated tokens"):
        COMPILER.compile_behaviour(spec, budget=Budget(generated_tokens=least - 1))


def test_texts_of_others_are_cut_to_their_tokens() -> None:
    text = r"""
segments: {q: {open: "[Q]", close: "[/Q]", writer: user, max_tokens: 3}, a: {open: "<a>", close: "</a>"}}
flow: q a
budget: {context_tokens: 100}
"""
    session = COMPILER.compile_behaviour(Spec.from_yaml(text, "cut")).start(count_tokens=len)
    assert session.observe("abcdefgh") == "[Q]abc[/Q]"
    assert session.remaining() == 100 - len("[Q]abc[/Q]")


def test_a_turn_ends_with_an_end_token_and_the_session_goes_on_from_there() -> None:
    text = r"""
segments: {q: {open: "[Q]", writer: user}, a: {open: "<a>", close: "</a>", text: {regex: "x{1,3}"}}}
flow: (q a){1,2}
"""
    session = COMPILER.compile_behaviour(Spec.from_yaml(text, "turns")).start()
    session.observe("?")
    turn = session.turn()
    matcher = turn.matcher()
    assert turn.vocabulary is VOCABULARY
    written = [*b"<a>xx</a>", END]
    assert matcher.accept_tokens(written) == len(written)
    assert matcher.is_finished()
    assert session.text == "[Q]?"  # the turn had a session of its own
    session.accept_tokens(written)
    assert isinstance(session.event, Handover)
    assert session.event.may_end
    session.observe("and?")
    assert session.text == "[Q]?<a>xx</a>[Q]and?"


def program_of(text: str, budget: Budget | None = None, vocabulary: mw.Vocabulary = VOCABULARY) -> Program:
    return mw.Compiler(vocabulary).compile_behaviour(Spec.from_yaml(text, "small"), budget=budget)


def test_a_prompt_that_leaves_too_little_is_an_error_at_the_start() -> None:
    program = program_of(
        'segments: {a: {open: "[A]", text: {regex: "x{10,20}"}}}\nflow: a\nbudget: {context_tokens: 60}'
    )
    program.start(n_prompt_tokens=60 - program.least_budget)
    with pytest.raises(mw.MaskwrightError, match="too small"):
        program.start(n_prompt_tokens=61 - program.least_budget)


HANDING_OVER = """
segments:
  say: {open: "<say>", text: free}
  ask: {open: "<ask>", close: "</ask>", writer: env, text: {choice: ["yes", "no"]}}
flow: (say ask)+
"""


def test_an_end_token_behind_the_opener_of_others_ends_the_turn_and_nothing_else() -> None:
    session = program_of(HANDING_OVER).start()
    assert session.accept_tokens(b"<say>x<ask>") == 11
    assert isinstance(session.event, Handover)
    session.accept_token(END)
    assert [piece.segment for piece in session.pieces] == ["say"]
    session.observe("yes")
    assert session.text == "<say>x<ask>yes</ask>"
    assert not session.is_finished()


def test_what_others_say_need_not_be_in_the_vocabulary() -> None:
    ascii_only = mw.Vocabulary([*(bytes([byte]) for byte in range(128)), b""], eos_token_ids=[128])
    session = program_of(
        'segments: {q: {open: "[Q]", writer: user}, a: {open: "<a>", close: "</a>", text: {regex: "x"}}}\nflow: q a',
        vocabulary=ascii_only,
    ).start()
    assert session.observe("café") == "[Q]café"
    assert session.accept_tokens(b"<a>x</a>") == 8


@pytest.mark.parametrize("text", ['choice: ["a", "bbbbbbbbbbbbbbbbbbbb", "cc"]', 'regex: "a|b{30}|cc"'])
def test_a_budget_counts_on_values_that_have_not_been_used(text: str) -> None:
    spec = (
        f"segments: {{s: {{open: '<s>', close: '</s>', text: {{{text}}}}}}}\nflow: s s s\nrules: [{{never_repeat: s}}]"
    )
    least = program_of(spec, Budget(generated_tokens=10_000)).least_budget
    for seed in range(5):
        session = program_of(spec, Budget(generated_tokens=least)).start()
        play(session, np.random.default_rng(seed), lambda _: "")
        remaining = session.remaining()
        assert remaining is not None
        assert remaining >= 0


def test_values_that_must_get_longer_and_longer_have_no_budget() -> None:
    spec = 'segments: {s: {open: "<s>", close: "</s>", text: {regex: "a+"}}}\nflow: s{5}\nrules: [{never_repeat: s}]'
    program_of(spec)
    with pytest.raises(mw.MaskwrightError, match="no budget can be kept"):
        program_of(spec, Budget(generated_tokens=1_000))
    with pytest.raises(mw.MaskwrightError, match="max_tokens must be more than any number"):
        program_of(spec.replace('close: "</s>",', 'close: "</s>", max_tokens: 9,'))


@pytest.mark.parametrize("seed", range(10))
def test_a_full_segment_without_closer_is_left_by_the_opener_of_others(seed: int) -> None:
    session = program_of("""
segments:
  a: {open: "[a]", text: free, max_tokens: 3}
  r: {open: "\\n[r] ", writer: env, text: {choice: ["ok"]}}
flow: (a r){1,4} a
""").start()
    play(session, np.random.default_rng(seed), lambda _: "ok")


def test_a_delimiter_that_ends_the_text_is_refused_when_it_is_compiled() -> None:
    chat = mw.Vocabulary(
        [*(bytes([byte]) for byte in range(256)), b"<|end|>"],
        eos_token_ids=[256],
        special_token_ids=[256],
        special_token_names={"<|end|>": 256},
    )
    with pytest.raises(mw.MaskwrightError, match="ends the text for this vocabulary"):
        program_of('segments: {a: {open: "<a>", close: "<|end|>"}}\nflow: a', vocabulary=chat)


def test_an_assumption_does_not_bind_the_model() -> None:
    session = program_of("""
segments:
  c: {open: "<c>", close: "</c>", text: {choice: ["go", "stay"]}}
  r: {open: "<r>", close: "</r>", writer: env, text: {choice: ["ok", "bad"]}}
  n: {open: "<n>", close: "</n>", text: {regex: "x"}}
flow: c (r | n) n
environment: {assume: 'G (c == "go" -> X (r == "ok"))'}
""").start()
    assert session.accept_tokens(b"<c>go</c><n>x</n><n>x</n>") == 25
    assert session.is_accepting()


def test_threads_take_turns_in_a_policy_that_grows() -> None:
    names = "abcdefgh"
    segments = ", ".join(f'{name}: {{open: "<{name}>", close: "</{name}>", text: {{regex: "x"}}}}' for name in names)
    rules = ", ".join(f"{{followed_by: {{when: {a}, then: {b}}}}}" for a, b in pairwise(names))
    program = program_of(f"segments: {{{segments}}}\nflow: ({'|'.join(names)}){{1,12}}\nrules: [{rules}]")

    def run(seed: int) -> str:
        return play(program.start(), np.random.default_rng(seed), lambda _: "").text

    expected = [run(seed) for seed in range(6)]
    program = program_of(f"segments: {{{segments}}}\nflow: ({'|'.join(names)}){{1,12}}\nrules: [{rules}]")
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(run, range(6))) == expected


def test_many_values_are_told_apart_by_their_states_only() -> None:
    session = program_of(
        'segments: {s: {open: "[s]", close: ";", text: {regex: "[a-z0-9]{1,9}"}}}\nflow: s{1,120}\n'
        "rules: [{never_repeat: s}]"
    ).start()
    row = np.zeros(session.row_shape, np.int32)
    for number in range(110):
        session.fill_bitmask(row)
        assert allowed_tokens(row, VOCABULARY.size).tolist() == ([ord("[")] if not number else [ord("["), END])
        written = b"[s]v%d;" % number
        assert session.accept_tokens(written) == len(written)
    session.accept_tokens(b"[s]v7")
    assert not session.allows(ord(";"))
    assert session.allows(ord("x"))


def test_several_values_in_one_call_are_decided_quickly() -> None:
    tools = "tools: {f: {a: string, b: string, c: string}}\n"
    session = program_of(
        tools + 'segments: {s: {open: "[s]", close: ";", text: {tools: tools}}}\nflow: s{1,30}\n'
        "rules: [{never_repeat: 'call(f, a=$x)'}, {never_repeat: 'call(f, b=$x)'}, {never_repeat: 'call(f, c=$x)'}]"
    ).start()
    for number in range(12):
        call = f'[s]{{"name": "f", "arguments": {{"a": "{number}", "b": "{number}", "c": "{number}"}}}};'
        assert session.accept_tokens(call.encode()) == len(call)
    again = '[s]{"name": "f", "arguments": {"a": "x", "b": "3'
    assert session.accept_tokens(again.encode()) == len(again)
    assert not session.allows(ord('"'))


@pytest.mark.parametrize("seed", range(4))
def test_a_tool_that_takes_anything_is_called_within_the_budget(seed: int) -> None:
    session = program_of("""
tools: [{name: multiply, parameters: {type: object, properties: {a: {type: integer}}, required: [a]}}]
segments:
  q: {open: "[Q] ", writer: user}
  call: {open: "\\n[C] ", text: {tools: tools}, max_tokens: 60}
  a: {open: "\\n[A] ", text: {regex: "[a-z]{1,9}"}}
flow: q call a
budget: {generated_tokens: 150}
""").start()
    play(session, np.random.default_rng(seed), lambda _: "?")
    remaining = session.remaining()
    assert remaining is not None
    assert remaining >= 0
