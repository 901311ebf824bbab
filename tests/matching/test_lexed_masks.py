"""Masks of grammars with a lexer: against lark by brute force, and against the plain walk everywhere else.

A token is allowed exactly if lark parses some continuation of the text with it. The grammars of the first part are made
so that a text which can be continued at all has a member at most `n_more` letters away; lark is asked for all of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
from lark import Lark

import maskwright as mw
from maskwright.errors import EmptyLanguage, MaskwrightError
from maskwright.grammar.lark import Indenter, lark_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.naive.lark_itself import lark_parser, shipped_grammars
from tests.naive.lark_members import members
from tests.naive.lexed_machine import LexedMachine
from tests.naive.random_lark_grammars import random_lark_grammar

NAMES = {"line_break": "_NL", "indent": "_INDENT", "dedent": "_DEDENT", "opening": ["LPAR"], "closing": ["RPAR"]}
INDENTER = Indenter("_NL", "_INDENT", "_DEDENT", ("LPAR",), ("RPAR",))


@dataclass(frozen=True, slots=True)
class Small:
    """A grammar whose texts are never far from an end."""

    text: str
    alphabet: str
    n_more: int
    is_indented: bool = False
    beyond: str = "\0"
    """Texts with this are left out, as their ends are further away."""
    lexer: str = "contextual"

    def machine(self) -> LexedMachine:
        indenter = {**NAMES, "tab_length": 8} if self.is_indented else None
        return LexedMachine(lark_parser(self.text, indenter=indenter, lexer=self.lexer), self.alphabet)

    def grammar(self) -> mw.Grammar:
        return lark_grammar(self.text, indenter=INDENTER if self.is_indented else None, lexer=self.lexer)


BLOCKS = "_NL: /(\\n\\t*)+/\n%declare _INDENT _DEDENT"

SMALL = {
    "keywords": Small('start: s+\ns: "if" NAME ";" | NAME ";"\nNAME: /[if]+/\n%ignore " "', "if; ", 2),
    "what follows": Small(
        'start: (NUMBER | WORD) ("," (NUMBER | WORD))*\nNUMBER: /1+(?![a.])/\nWORD: /1*[a.]+(?!,,)/', "1a.,", 2
    ),
    "a condition at the end": Small("start: (A | B)+\nA: /a$|ab/\nB: /b(?!b)/", "ab", 3),
    "lazy": Small('start: (COMMENT | X)*\nCOMMENT: /<.*?>/s\nX: "x" | /x>/', "<>x", 2),
    "two bytes": Small('start: (WORD "é"?)+\nWORD: /[aß]+?é|a/', "aéß", 2),
    "three bytes": Small('start: WORD ("中" WORD)*\nWORD: /[^中]+/', "a中丁", 2),
    "parentheses": Small('start: s\ns: "(" t ")" | "x"\nt: "(" "x" ")" | "x"', "()x", 4),
    "priorities": Small('start: (A | B | C)+\nA.1: "ab"\nB: /a+b/\nC: "a" | "b" "b"', "ab", 2),
    "a word that swallows": Small('start: "x" WORD\nWORD: /[xa]+!/\n%ignore " "', "xa! ", 4, lexer="basic"),
    "any case": Small('start: "an"i NAME?\nNAME: /[an]+/i\n%ignore /-+/', "anN-", 2),
    "blocks": Small(f'start: b+\nb: "a" _NL | ":" _NL _INDENT b+ _DEDENT\n{BLOCKS}', "a:\n\t", 5, True, "\t\t"),
    "blocks and brackets": Small(
        f'start: (_NL | b)*\nb: "(" "a"* ")" _NL [_INDENT b+ _DEDENT]\n{BLOCKS}', "a()\n\t", 3, True
    ),
}


class Expected:
    """What may follow a text, by asking lark for all continuations."""

    def __init__(self, small: Small) -> None:
        self.machine = small.machine()
        self.small = small
        self.spellings = {letter: letter.encode() for letter in small.alphabet}
        self.known: dict[tuple[str, int], bool] = {}

    def accepts(self, text: bytes) -> bool:
        try:
            return self.machine.accepts(text.decode())
        except UnicodeDecodeError:
            return False

    def is_viable(self, text: bytes) -> bool | None:
        """Does the text begin a member? It may end inside a character; None if it has other characters than ours."""
        whole = text.decode("utf-8", errors="ignore")
        rest = text[len(whole.encode()) :]
        if whole.encode() + rest != text or not set(whole) <= set(self.spellings) or self.small.beyond in whole:
            return None
        ends = [letter for letter, spelling in self.spellings.items() if rest and spelling.startswith(rest)]
        if rest and not ends:
            return None
        return any(self.has_member(whole + letter, self.small.n_more) for letter in ends or [""])

    def has_member(self, text: str, n_more: int) -> bool:
        key = (text, n_more)
        if key not in self.known:
            self.known[key] = self.machine.accepts(text) or (
                n_more > 0 and any(self.has_member(text + letter, n_more - 1) for letter in self.spellings)
            )
        return self.known[key]


def vocabulary_of(alphabet: str, n: int, rng: random.Random) -> mw.Vocabulary:
    """The bytes of some letters, and n pieces of texts of them, that may begin and end inside a letter; and the end."""
    tokens = sorted({bytes([byte]) for letter in alphabet for byte in letter.encode()})
    for _ in range(n):
        data = "".join(rng.choice(alphabet) for _ in range(8)).encode()
        begin = rng.randint(0, len(data) - 4)
        tokens.append(data[begin : begin + rng.randint(2, 4)])
    rng.shuffle(tokens)
    return mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)], special_token_ids=[len(tokens)])


def check_by_brute_force(name: str, n_tokens: int, max_bytes: int, most: int) -> int:
    """Compare masks, `allows` and lark on texts up to a length, breadth first; how many masks."""
    small = SMALL[name]
    expected = Expected(small)
    vocabulary = vocabulary_of(small.alphabet, n_tokens, random.Random(name))
    compiled = mw.Compiler(vocabulary).compile_grammar(small.grammar())
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    end = vocabulary.eos_token_ids[0]
    todo = [(b"", compiled.matcher())]
    seen = {b""}
    for text, matcher in todo:  # grows while it is read
        matcher.fill_bitmask(row)
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        verdicts = {token: expected.is_viable(text + vocabulary.text_of(token)) for token in range(end)}
        verdicts[end] = expected.accepts(text)
        wrong = {token for token, verdict in verdicts.items() if verdict is not None and verdict != (token in allowed)}
        assert {vocabulary.text_of(token): verdicts[token] for token in wrong} == {}, text
        assert {token for token in range(vocabulary.size) if matcher.allows(token)} == allowed
        for token in sorted(allowed - {end}):
            longer = text + vocabulary.text_of(token)
            if len(longer) <= max_bytes and longer not in seen and len(todo) < most and verdicts[token]:
                seen.add(longer)
                branch = matcher.fork()
                branch.accept_token(token)
                todo.append((longer, branch))
    return len(todo)


@pytest.mark.parametrize("name", SMALL)
def test_masks_are_what_lark_allows(name: str) -> None:
    assert check_by_brute_force(name, 12, 5, 16) >= 8


@pytest.mark.deep
@pytest.mark.parametrize("name", SMALL)
def test_masks_are_what_lark_allows_in_longer_texts(name: str) -> None:
    assert check_by_brute_force(name, 60, 9, 1_500) > 50


@pytest.mark.no_jit
@pytest.mark.parametrize("name", ["keywords", "what follows", "two bytes", "blocks"])
def test_masks_are_what_lark_allows_without_jit(name: str) -> None:
    assert check_by_brute_force(name, 4, 3, 6) > 2


def walked(compiled: CompiledGrammar, rng: random.Random, n_tokens: int) -> list[tuple[bytes, frozenset[int], bool]]:
    """A random text with, at each place, the mask (checked against `allows`) and whether it may end."""
    vocabulary = compiled.vocabulary
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher = compiled.matcher()
    text = b""
    found = []
    for _ in range(n_tokens):
        matcher.fill_bitmask(row)
        allowed = frozenset(mw.allowed_tokens(row, vocabulary.size).tolist())
        assert allowed == {token for token in range(vocabulary.size) if matcher.allows(token)}, text
        found.append((text, allowed, matcher.is_accepting()))
        ways = sorted(allowed - set(vocabulary.eos_token_ids))
        if not ways:
            break
        token = rng.choice(ways)
        matcher.accept_token(token)
        text += vocabulary.text_of(token)
    return found


def random_compiled(seed: int) -> tuple[CompiledGrammar, str] | None:
    """A random grammar for a random vocabulary of its letters, or None where there is none."""
    rng = random.Random(seed)
    grammar = random_lark_grammar(rng)
    try:
        read = lark_grammar(grammar.text, lexer=rng.choice(("contextual", "basic")))
        return mw.Compiler(vocabulary_of(grammar.alphabet + "AB", 30, rng)).compile_grammar(read), grammar.text
    except MaskwrightError:
        return None


def check_random(first: int, n: int) -> None:
    n_compiled = 0
    for seed in range(first, first + n):
        made = random_compiled(seed)
        if made is not None:
            n_compiled += 1
            for walk in range(3):
                walked(made[0], random.Random(walk), 12)
    assert n_compiled > n // 3


def test_the_mask_is_what_is_accepted_for_random_grammars() -> None:
    check_random(0, 60)


@pytest.mark.deep
@pytest.mark.parametrize("first", range(1_000, 6_000, 500))
def test_the_mask_is_what_is_accepted_for_many_random_grammars(first: int) -> None:
    check_random(first, 500)


def tokenisations(text: bytes, vocabulary: mw.Vocabulary, rng: random.Random, n: int) -> list[list[int]]:
    """Random ways to write the text with tokens, one byte at a time among them."""
    by_text: dict[bytes, int] = {}
    for token in range(vocabulary.size):
        by_text.setdefault(vocabulary.text_of(token), token)
    longest = max(map(len, by_text))
    ways = [[by_text[text[i : i + 1]] for i in range(len(text))]]
    for _ in range(n):
        tokens, at = [], 0
        while at < len(text):
            sizes = [
                size for size in range(1, longest + 1) if text[at : at + size] in by_text and at + size <= len(text)
            ]
            size = rng.choice(sizes)
            tokens.append(by_text[text[at : at + size]])
            at += size
        ways.append(tokens)
    return ways


ALL_BYTES = [bytes([byte]) for byte in range(256)]


def text_vocabulary(texts: list[str], rng: random.Random, n: int = 400) -> mw.Vocabulary:
    """All bytes, and pieces of the texts."""
    pieces: dict[bytes, None] = dict.fromkeys(ALL_BYTES)
    while len(pieces) < 256 + n:
        data = rng.choice(texts).encode()
        begin = rng.randint(0, len(data))
        pieces[data[begin : begin + rng.randint(2, 9)]] = None
    tokens = [piece for piece in pieces if piece]
    return mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)], special_token_ids=[len(tokens)])


GRAMMARS = {grammar.name: grammar for grammar in shipped_grammars()}


def compiled_shipped(name: str, rng: random.Random, **options: Any) -> tuple[CompiledGrammar, list[str]]:
    grammar = GRAMMARS[name]
    texts = [*grammar.accepted, *members(grammar.text, 8, rng, start=grammar.start, indenter=grammar.indenter)]
    indenter = Indenter(**grammar.indenter) if grammar.indenter else None
    vocabulary = text_vocabulary(texts, rng)
    read = lark_grammar(grammar.text, grammar.start, indenter=indenter)
    return mw.Compiler(vocabulary, **options).compile_grammar(read), texts


@pytest.mark.parametrize("name", GRAMMARS)
def test_members_are_accepted_under_every_tokenisation_and_the_mask_agrees(name: str) -> None:
    rng = random.Random(3)
    compiled, texts = compiled_shipped(name, rng)
    vocabulary = compiled.vocabulary
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    for text in texts:
        masks: dict[int, bytes] = {}  # by bytes read: the mask does not depend on the way
        for tokens in tokenisations(text.encode(), vocabulary, rng, 2):
            matcher = compiled.matcher()
            at = 0
            for token in tokens:
                matcher.fill_bitmask(row)
                assert masks.setdefault(at, row.tobytes()) == row.tobytes(), (text, at)
                assert row[token >> 5] >> (token & 31) & 1, (text, at)
                matcher.accept_token(token)
                at += len(vocabulary.text_of(token))
            assert matcher.is_accepting(), text


@pytest.mark.parametrize("name", ["json", "c_like", "python", "outline"])
def test_a_failure_changes_nothing_and_rollback_and_forks_restore_the_mask(name: str) -> None:
    rng = random.Random(5)
    compiled, texts = compiled_shipped(name, rng)
    vocabulary = compiled.vocabulary
    text = max(texts, key=len)
    matcher = compiled.matcher()
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    before: list[bytes] = []
    forks = []
    tokens = tokenisations(text.encode(), vocabulary, rng, 1)[1][:60]
    for token in tokens:
        matcher.fill_bitmask(row)
        before.append(row.tobytes())
        refused = [t for t in range(vocabulary.size) if not row[t >> 5] >> (t & 31) & 1]
        with pytest.raises(mw.TokenRejected):
            matcher.accept_token(rng.choice(refused))
        forks.append(matcher.fork())
        matcher.accept_token(token)
    for at in range(len(tokens) - 1, -1, -1):
        matcher.rollback(1)
        for restored in (matcher, forks[at]):
            restored.fill_bitmask(row)
            assert row.tobytes() == before[at]


FILLERS = {
    "json": lambda rng: "".join(rng.choice(("[", '{"a":', "[0,")) for _ in range(200)),
    "outline": lambda rng: "- x\n" + "".join(" " * (2 * n + rng.randint(1, 2)) + "- x\n" for n in range(25)),
    "python": lambda rng: "x = " + "".join(rng.choice("([{") for _ in range(200)),
}
"""Texts that make many configurations which no other text has."""


@pytest.mark.parametrize("name", FILLERS)
def test_answers_do_not_change_when_memory_starts_over(name: str) -> None:
    rng = random.Random(7)
    compiled, texts = compiled_shipped(name, random.Random(7))
    tight, _ = compiled_shipped(name, random.Random(7), max_bytes=8 << 20)
    rows = mw.allocate_bitmask(2, compiled.vocabulary.size)
    begun = max(texts, key=len).encode()[:9]
    pair = [grammar.matcher() for grammar in (compiled, tight)]
    for matcher in pair:
        matcher.accept_bytes(begun)  # read again after every start
    for text in sorted(texts, key=len)[-4:]:
        matchers = [compiled.matcher(), tight.matcher()]
        n_restarts = tight.memory.n_restarts
        tokens = tokenisations(text.encode(), compiled.vocabulary, rng, 1)[1]
        for at, token in enumerate(tokens):
            if at == len(tokens) // 2:
                for _ in range(500):
                    if tight.memory.n_restarts > n_restarts:
                        break
                    tight.matcher().accept_tokens(FILLERS[name](rng).encode())
            for matcher, row in zip(matchers, rows, strict=True):
                matcher.fill_bitmask(row)
                matcher.accept_token(token)
            assert rows[0].tobytes() == rows[1].tobytes()
        assert matchers[0].is_accepting() and matchers[1].is_accepting()
        for matcher, row in zip(pair, rows, strict=True):
            matcher.fill_bitmask(row)
        assert rows[0].tobytes() == rows[1].tobytes()
    assert tight.memory.n_restarts >= 3 and compiled.memory.n_restarts == 0


def test_a_token_behind_which_a_longer_match_always_comes_first_is_not_in_the_mask() -> None:
    text = 'start: C B C | C B | C\nr: (r D A)+\nA: /a*b/\nB: /a(?!bc)|ab/\nC: "ab"\nD: /c[ab]*c/'
    vocabulary = vocabulary_of("abcAB", 30, random.Random(2))
    matcher = mw.Compiler(vocabulary).compile_grammar(lark_grammar(text, lexer="basic")).matcher()
    matcher.accept_bytes(b"aba")
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher.fill_bitmask(row)
    allowed = mw.allowed_tokens(row, vocabulary.size).tolist()
    assert allowed == [token for token in range(vocabulary.size) if matcher.allows(token)]


@pytest.mark.parametrize("text", [b"ALTER TABLE a DROP", b"values (a not"])
def test_a_byte_of_a_character_that_leads_nowhere_is_not_in_the_mask(text: bytes) -> None:
    """`DROPı` is one name, which cannot stand there; so the first byte of the ı cannot either."""
    vocabulary = mw.Vocabulary([*ALL_BYTES, b""], eos_token_ids=[256], special_token_ids=[256])
    matcher = mw.Compiler(vocabulary).compile_grammar(lark_grammar(GRAMMARS["sql"].text)).matcher()
    matcher.accept_bytes(text)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher.fill_bitmask(row)
    assert mw.allowed_tokens(row, 257).tolist() == [token for token in range(257) if matcher.allows(token)]


def test_the_empty_language_is_refused() -> None:
    vocabulary = vocabulary_of("ab", 3, random.Random(1))
    for text in ('start: "a" start', 'start: A "a"\nA: /a+/'):
        with pytest.raises(EmptyLanguage):
            mw.Compiler(vocabulary).compile_grammar(lark_grammar(text))


def test_a_basic_lexer_gives_other_masks_than_a_contextual_one() -> None:
    text = 'start: NAME "=" VALUE | "!" VALUE\nNAME: /[a-z]+/\nVALUE: /[a-z0-9]+/'
    vocabulary = mw.Vocabulary([*ALL_BYTES, b""], eos_token_ids=[256], special_token_ids=[256])
    verdicts = {}
    for lexer in ("contextual", "basic"):
        grammar = mw.Compiler(vocabulary).compile_grammar(lark_grammar(text, lexer=lexer))
        judge = LexedMachine(Lark(text, parser="lalr", lexer=lexer, maybe_placeholders=False), "")
        for one in ("a=a", "a=1", "a=", "a1=a", "!a", "!1", "!"):
            matcher = grammar.matcher()
            verdict = matcher.accept_tokens(one.encode()) == len(one) and matcher.is_accepting()
            assert verdict == judge.accepts(one), (lexer, one)
            verdicts[lexer, one] = verdict
    assert verdicts["contextual", "a=a"] and not verdicts["basic", "a=a"]
