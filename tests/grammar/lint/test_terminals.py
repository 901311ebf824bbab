"""Terminals against lark itself: its lexer on every short text, its parser's log of conflicts, its refusals."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lark import Lark, logger
from lark.exceptions import GrammarError, LarkError, LexError

from maskwright.grammar.lark import PYTHON_INDENTER, Lexer
from maskwright.grammar.lint import Finding, Kind, Severity, lint_lark
from tests.grammar.lint.small_grammars import Productions, as_lark, productions
from tests.naive.parse_trees import texts_up_to

LARK = Path(__file__).parents[3] / "schemas" / "lark"

PATTERNS = [
    '"a"',
    '"ab"',
    '"aba"',
    '"b"i',
    "/a+/",
    "/a+?/",
    "/[ab]+/",
    "/[ab]*b/",
    "/ab|b/",
    "/(a|b)1/",
    "/a/i",
    "/1?a/",
]
LAZY = "/a+?/"
PRIORITIES = ["", "", "", ".1", ".-1"]


@st.composite
def terminals(draw: st.DrawFn) -> dict[str, str]:
    """Two to five terminals with different patterns: `{"A.1": "/a+/", ...}`."""
    patterns = draw(st.lists(st.sampled_from(PATTERNS), min_size=2, max_size=5, unique=True))
    return {f"{name}{draw(st.sampled_from(PRIORITIES))}": each for name, each in zip("ZYXWV", patterns, strict=False)}


def hidden(findings: tuple[Finding, ...]) -> set[str | None]:
    return {finding.rule for finding in findings if finding.kind is Kind.SHADOWED}


def definitions(named: dict[str, str]) -> str:
    return "".join(f"{name}: {pattern}\n" for name, pattern in named.items())


@settings(max_examples=50, deadline=None)
@given(named=terminals())
def test_a_terminal_is_hidden_if_and_only_if_the_basic_lexer_never_produces_it(named: dict[str, str]) -> None:
    names = [name[0] for name in named]
    grammar = f"start: ({' | '.join(names)})*\n{definitions(named)}"
    lexer = Lark(grammar, parser=None, lexer="basic")
    produced: set[str] = set()
    for text in texts_up_to(5, "abAB1"):
        try:
            produced.update(token.type for token in lexer.lex(text))
        except LarkError:
            # what was produced before the fault counts as well, and is a shorter text of its own
            continue
    found = hidden(lint_lark(grammar, lexer=Lexer.BASIC, fuel=0))
    assert found <= set(names) - produced
    # A lazy pattern never takes some texts that it matches; that it always takes keywords is not noticed.
    assert found == set(names) - produced or LAZY in named.values()


@settings(max_examples=30, deadline=None)
@given(named=terminals(), places=st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_what_the_contextual_lexer_produces_is_not_hidden(named: dict[str, str], places: list[int]) -> None:
    names = [name[0] for name in named]
    first, second = (
        " | ".join(dict.fromkeys(names[place % len(names)] for place in half)) for half in (places[:3], places[3:])
    )
    grammar = f'start: ("<" ({first}) | ">" ({second}))*\n{definitions(named)}'
    produced: set[str] = set()
    parser = Lark(grammar, parser="lalr")
    for sign in "<>":
        for text in texts_up_to(4, "abAB1"):
            try:
                produced.update(token.type for token in parser.parse_interactive(sign + text).iter_parse())
            except LarkError:
                continue  # what the parser took before counts as well, and is a shorter text of its own
    findings = lint_lark(grammar, fuel=0)
    used = set(f"{first} | {second}".split(" | "))
    assert hidden(findings) <= used - produced
    assert hidden(findings) == used - produced or LAZY in named.values()
    unused = {finding.rule for finding in findings if finding.kind is Kind.UNREACHABLE}
    assert unused == set(names) - used


@settings(max_examples=60, deadline=None)
@given(named=terminals())
def test_the_example_of_an_overlap_is_read_as_the_terminal_that_is_named_first(named: dict[str, str]) -> None:
    names = [name[0] for name in named]
    grammar = f"start: ({' | '.join(names)})*\n{definitions(named)}"
    for finding in lint_lark(grammar, lexer=Lexer.BASIC, fuel=0):
        if finding.kind is Kind.OVERLAP:
            assert finding.example is not None
            first, second = finding.message.split()[1], finding.message.split()[3]
            both = {name: pattern for name, pattern in named.items() if name[0] in (first, second)}
            pair = Lark(f"start: ({first} | {second})*\n{definitions(both)}", parser=None, lexer="basic")
            assert next(iter(pair.lex(finding.example))).type == first
            for name, pattern in both.items():
                alone = Lark(
                    f"start: {name[0]}\n{definitions({name: pattern})}", parser="earley", lexer="dynamic_complete"
                )
                alone.parse(finding.example)


@pytest.mark.parametrize("path", sorted(LARK.glob("*.lark")), ids=lambda path: path.stem)
def test_conflicts_are_those_that_lark_logs(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = path.read_text(encoding="utf-8")
    logger.setLevel(logging.DEBUG)
    try:
        Lark(text, parser="lalr")
        n_errors = 0
    except GrammarError as error:
        n_errors = str(error).count("Reduce/Reduce")
    finally:
        logger.setLevel(logging.CRITICAL)
    logged = [record for record in caplog.records if "Shift/Reduce" in record.getMessage()]
    found = [finding for finding in lint_lark(text, fuel=0) if finding.kind is Kind.CONFLICT]
    severities = {finding.severity for finding in found}
    assert (Severity.ERROR in severities) == bool(n_errors)
    assert n_errors or (Severity.WARNING in severities) == bool(logged)


def test_a_terminal_that_matches_nothing_or_the_empty_text_is_told() -> None:
    grammar = 'start: A "x" B\nA: /[^\\s\\S]/\nB: /b*/'
    with pytest.raises(LexError, match="zero-width"):
        Lark(grammar, parser="lalr")
    told = [str(finding) for finding in lint_lark(grammar) if finding.rule in ("A", "B")]
    assert told == [
        "line 2, column 1: warning: terminal A matches no text at all; look at its pattern again [unproductive]",
        (
            "line 3, column 1: error: terminal B matches the empty text, which lark's lexer refuses; let it match at "
            "least one character, and write ? or * where it is used [empty-terminal]"
        ),
    ]


@pytest.mark.parametrize(
    ("grammar", "expected"),
    [
        (
            'start: WORD | KEY\nWORD.1: /[a-z]+/\nKEY: "if"',
            [
                (
                    "line 3, column 1: warning: terminal KEY is never produced: whatever it matches, the lexer "
                    "takes WORD first; give KEY a higher priority (`KEY.2: ...`) or make the other narrower "
                    "[shadowed-terminal]"
                ),
            ],
        ),
        ('start: WORD | KEY\nWORD: /[a-z]+/\nKEY: "if"', []),
        (
            "start: HEX | WORD\nHEX: /[0-9a-f]+/\nWORD: /[a-z]+/",
            [
                (
                    "line 3, column 1: information: terminals HEX and WORD both match 'a'; of the two, the lexer "
                    "takes HEX, because its pattern is longer; if the other is meant, give it a priority "
                    "[overlapping-terminals]"
                ),
            ],
        ),
        (
            'start: "<" HEX | ">" WORD\nHEX: /[0-9a-f]+/\nWORD: /[a-z]+/',
            [],
        ),
        (
            'start: "a" UNUSED_NOT\nUNUSED_NOT: PART "c"\nPART: "p"\nOLD: "o"\n%import common.NUMBER\n%ignore " "',
            [
                (
                    "line 4, column 1: warning: terminal 'OLD' is never used: no rule that 'start' leads to has it, "
                    "it is not ignored, and it is no part of a terminal that is; use it, %ignore it, or remove it "
                    "[unreachable]"
                ),
                (
                    "line 5, column 16: warning: terminal 'NUMBER' is never used: no rule that 'start' leads to has "
                    "it, it is not ignored, and it is no part of a terminal that is; use it, %ignore it, or remove "
                    "it [unreachable]"
                ),
            ],
        ),
        (
            "start: A B\nA: /a(?=b)/\nB: /b/",
            [
                (
                    "line 2, column 1: information: terminal A was not compared with the others: its pattern looks "
                    "at what stands around a text [not-examined]"
                ),
            ],
        ),
        (
            'start: END "x"\nEND: "</s>" | "<eos>"',
            [
                (
                    "line 2, column 1: warning: the literal '</s>' in terminal END is the spelling of a special "
                    "token: the grammar means the characters, and the special token is never taken for them; if it "
                    "was meant, name the token in the way of the notation instead of quoting it [special-token]"
                ),
            ],
        ),
        (
            'start: s\ns: "if" s | "if" s "else" s | "x"',
            [
                (
                    'line 2, column 1: warning: shift/reduce conflict after "if" s, before "else": `s: "if" s •` '
                    'could end, but the parser reads on with `s: "if" s • "else" s`; texts that need the other way '
                    "are refused; rewrite the rules so that one terminal decides, if that is not meant [conflict]"
                ),
            ],
        ),
        (
            'start: a | b\na: "x"\nb: "x"',
            [
                (
                    'line 2, column 1: error: reduce/reduce conflict after "x", before the end of the text: either '
                    'of `a: "x" •` or `b: "x" •` could end, and lark refuses the grammar; give one of the rules a '
                    "priority (`name.2: ...`), or let them differ in the next terminal [conflict]"
                ),
            ],
        ),
        (
            'start: list{"x"}\nlist{item}: item ("," item)*\nold{item}: item "y"\n',
            [
                (
                    "line 3, column 1: warning: rule 'old' is never used: from the start 'start' no rule leads to "
                    "it; use it, start from it, or remove it [unreachable]"
                ),
            ],
        ),
    ],
)
def test_messages_about_lark_grammars(grammar: str, expected: list[str]) -> None:
    found = lint_lark(grammar, special_tokens=["</s>"], fuel=0)
    assert [str(finding) for finding in found] == expected


def test_nothing_hides_and_nothing_conflicts_where_lark_reads_without_a_lexer() -> None:
    grammar = 'start: s\ns: WORD | KEY s | KEY s "x" s\nWORD.1: /[a-z]+/\nKEY: "if"'
    kinds = {finding.kind for finding in lint_lark(grammar, lexer=Lexer.DYNAMIC_COMPLETE, fuel=0)}
    assert not kinds & {Kind.SHADOWED, Kind.CONFLICT}
    assert {finding.kind for finding in lint_lark(grammar, fuel=0)} >= {Kind.SHADOWED, Kind.CONFLICT}


def test_a_loop_over_what_may_be_empty_is_told_beside_the_conflicts_that_it_makes() -> None:
    findings = lint_lark('start: (x?)* "."\nx: "x"', fuel=0)
    loops = [finding.rule for finding in findings if finding.kind is Kind.NULLABLE_LOOP]
    assert loops == ["start"] and Kind.CONFLICT in {finding.kind for finding in findings}


def test_the_terminals_of_an_indenter_are_looked_for_everywhere() -> None:
    text = (LARK / "python.lark").read_text(encoding="utf-8")
    findings = lint_lark(text, indenter=PYTHON_INDENTER, fuel=0)
    assert {finding.kind for finding in findings} <= {Kind.NOT_EXAMINED, Kind.OVERLAP, Kind.CONFLICT}
    small = 'start: "a" "b"\n_NEWLINE: /\\n+/\n%declare _INDENT _DEDENT\n'
    assert lint_lark(small, indenter=PYTHON_INDENTER, fuel=0) != lint_lark(small, fuel=0)


@settings(max_examples=60, deadline=None)
@given(grammar=productions(least_symbols=1))
def test_conflicts_of_random_grammars_are_those_that_lark_logs(grammar: Productions) -> None:
    text = as_lark(grammar)
    logged: list[tuple[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append((record.msg, str(record.args)))  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    refused = False
    try:
        Lark(text, parser="lalr", start="s")
    except GrammarError as error:
        refused = "Reduce/Reduce" in str(error)
        assume(refused or "undefined" not in str(error))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.CRITICAL)
    found = [finding for finding in lint_lark(text, "s", fuel=0) if finding.kind is Kind.CONFLICT]
    assert any(finding.severity is Severity.ERROR for finding in found) == refused
    shifted = {finding.message.split("before ")[1].split(":")[0] for finding in found if "shift/" in finding.message}
    in_log = {args for message, args in logged if "Shift/Reduce" in message}
    assert refused or bool(shifted) == bool(in_log)
    assert {name for args in in_log for name in "ab" if f"'{name.upper()}'" in args} <= {
        name for each in shifted for name in "ab" if f'"{name}"' in each
    }
