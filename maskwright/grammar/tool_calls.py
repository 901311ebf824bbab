"""Envelopes: free text in which tagged regions, such as tool calls, follow grammars of their own.

    calls = [Tag("<call>", Grammar.from_json_schema(schema), "</call>")]
    triggered_tags(calls, triggers=["<call>"], at_most=2)

The text is free until a trigger occurs; then one of the tags that begin with it must follow, and after its end the text
is free again. Free text is any text in which no trigger occurs (`text_search`), so where a region begins is never a
question of how a text is read: every envelope built here is unambiguous as long as its contents are. The functions
correspond one by one to the formats of structural tags, as XGrammar's documentation describes them; what is missing
there is plain composition of grammars.

    free_text, Tag                          any text without certain texts; begin, content, end
    triggered_tags, dispatch                free text until triggers occur, then tags, or any grammar
    tags_with_separator                     tags alone
    with_reasoning                          a section of reasoning first
    token, token_except, tokens_except      special tokens, taken whole
    token_triggered_tags, token_dispatch    free tokens until certain tokens occur

Rejected: free text as a regular expression before a trigger (`.*<call>`), which a later trigger may end as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maskwright.errors import EmptyLanguage, UnsupportedComposition
from maskwright.grammar.characters import CharacterAutomaton, utf8_automaton
from maskwright.grammar.composition import Composer, concatenation, union
from maskwright.grammar.ir import Automaton, Grammar, Node, TokenSet, choice, repeat, sequence
from maskwright.grammar.text_search import refuse_many_told_apart, text_until, text_without

NO_TEXT = Grammar.from_text("")


@dataclass(frozen=True, slots=True)
class Tag:
    """A region of a text: `begin`, `content`, `end`, one after the other.

    `begin` and `end` are texts or grammars (such as `token(...)`), `end` may be several texts, any of which ends it.
    `content` None: any text up to the first of the ends, which must then be texts.
    """

    begin: str | Grammar
    content: Grammar | None
    end: str | Sequence[str] | Grammar

    @property
    def grammar(self) -> Grammar:
        """All of it."""
        return concatenation([_text(self.begin), self.after_begin])

    @property
    def after_begin(self) -> Grammar:
        """The content and the end."""
        if isinstance(self.end, Grammar):
            return concatenation([tokens_except() if self.content is None else self.content, self.end])
        ends = [self.end] if isinstance(self.end, str) else [*self.end]
        if self.content is None:
            return free_text(ends=ends)
        return concatenation([self.content, union(map(Grammar.from_text, ends))])


def free_text(excluded: Iterable[str] = (), *, ends: Iterable[str] = ()) -> Grammar:
    """Any text in which none of `excluded` occurs; with `ends`, up to and including the first of these."""
    ends = [*ends]
    return _of_language(text_until(ends, excluded) if ends else text_without(excluded), "free text", ends)


def triggered_tags(
    tags: Sequence[Tag],
    triggers: Sequence[str],
    *,
    at_least: int = 0,
    at_most: int | None = None,
    excluded: Sequence[str] = (),
    ends: Sequence[str] = (),
    separator: str | None = None,
    has_text_before: bool = True,
    has_text_after: bool = True,
) -> Grammar:
    """Free text with tags, each of which begins with exactly one of the triggers: between `at_least` and `at_most`.

    `excluded`: further texts that do not occur in the free text. `separator`: what stands between two tags, instead of
    free text. `has_text_before`, `has_text_after`: may free text stand before the first tag, and after the last one?
    Without any tag the whole is free text if one of the two holds. With `ends` the region goes on to the first of
    these in its free text, and includes it. Stop after the first tag: `at_most=1, has_text_after=False`.
    """
    rests: dict[str, list[tuple[Grammar, Grammar]]] = {trigger: [] for trigger in triggers}
    plain = []
    for tag in tags:
        begin = tag.begin if isinstance(tag.begin, str) else ""
        found = [trigger for trigger in triggers if begin.startswith(trigger)]
        if len(found) != 1:
            raise UnsupportedComposition(
                "A region that a trigger begins", f"the tag {tag.begin!r}", "it must begin with exactly one trigger"
            )
        after_begin = tag.after_begin
        rests[found[0]].append((Grammar.from_text(begin[len(found[0]) :]), after_begin))
        plain.append((Grammar.from_text(begin), after_begin))
    unused = [trigger for trigger, rest in rests.items() if not rest]
    used = {trigger: rest for trigger, rest in rests.items() if rest}
    texts = _texts_until([*used], [*unused, *excluded], ends)
    text = free_text([*triggers, *excluded], ends=ends)
    end = union(map(Grammar.from_text, ends)) if ends else NO_TEXT
    composer = Composer()
    after_text = after_texts(composer, [(texts[trigger], rest) for trigger, rest in used.items()])
    alone = any_way(composer, plain)
    return region(
        composer,
        first=after_text if has_text_before else alone,
        following=after_text if separator is None else sequence(composer.node(Grammar.from_text(separator)), alone),
        after=text if has_text_after else end,
        alone=text if has_text_before or has_text_after else end,
        at_least=at_least,
        at_most=at_most,
    )


def dispatch(
    rules: Sequence[tuple[str, Grammar]],
    *,
    loops: bool = True,
    excluded: Sequence[str] = (),
    ends: Sequence[str] = (),
) -> Grammar:
    """Free text; where the first text of a rule occurs, its grammar must follow. With `loops` the text then goes on."""
    texts = _texts_until([trigger for trigger, _ in rules], excluded, ends)
    text = free_text([*(trigger for trigger, _ in rules), *excluded], ends=ends)
    end = union(map(Grammar.from_text, ends)) if ends else NO_TEXT
    composer = Composer()
    after_text = after_texts(composer, [(texts[trigger], [(content,)]) for trigger, content in rules])
    after = text if loops else end
    return region(composer, after_text, after_text, after, text, at_least=0, at_most=None if loops else 1)


def tags_with_separator(
    tags: Sequence[Tag], separator: str, *, at_least: int = 0, at_most: int | None = None
) -> Grammar:
    """Tags and nothing else, with the separator between two of them."""
    composer = Composer()
    plain = any_way(composer, [(tag.grammar,) for tag in tags])
    following = sequence(composer.node(Grammar.from_text(separator)), plain)
    return region(composer, plain, following, NO_TEXT, NO_TEXT, at_least, at_most)


def with_reasoning(
    answer: Grammar, *, begin: str = "<think>", end: str = "</think>", is_required: bool = True
) -> Grammar:
    """A section of free text between `begin` and the first `end`, then the answer.

    Where the prompt has written the beginning already: `begin=""`. A section that is not required may be missed out.
    """
    section = Tag(begin, None, end).grammar
    return concatenation([section if is_required else section.optional(), answer])


def token(which: int | str) -> Grammar:
    """One token of the vocabulary, by id or by name, taken whole: mostly a special one, which no text stands for."""
    return _of_tokens([which], negated=False)


def token_except(*excluded: int | str) -> Grammar:
    """Any one token but these and the end tokens."""
    return _of_tokens(excluded, negated=True)


def tokens_except(*excluded: int | str) -> Grammar:
    """Any number of tokens, none of them one of these or an end token."""
    return token_except(*excluded).repeat()


def token_triggered_tags(
    tags: Sequence[tuple[int | str, Tag]],
    *,
    excluded: Sequence[int | str] = (),
    at_least: int = 0,
    at_most: int | None = None,
    has_text_before: bool = True,
    has_text_after: bool = True,
) -> Grammar:
    """Free tokens until a token occurs that belongs to a tag, which must then follow; the token is its beginning.

    `tags`: the token, and the tag without it (mostly `begin=""`). The rest is as in `triggered_tags`.
    """
    text = tokens_except(*dict.fromkeys([*(which for which, _ in tags), *excluded]))
    composer = Composer()
    plain = any_way(composer, [(token(which), tag.grammar) for which, tag in tags])
    after_text = composer.rule(sequence(composer.node(text), plain))
    return region(
        composer,
        first=after_text if has_text_before else plain,
        following=after_text,
        after=text if has_text_after else NO_TEXT,
        alone=text if has_text_before or has_text_after else NO_TEXT,
        at_least=at_least,
        at_most=at_most,
    )


def token_dispatch(
    rules: Sequence[tuple[int | str, Grammar]], *, loops: bool = True, excluded: Sequence[int | str] = ()
) -> Grammar:
    """Free tokens; behind the token of a rule its grammar must follow. With `loops` tokens are free again then."""
    tags = [(which, Tag("", content, "")) for which, content in rules]
    return token_triggered_tags(tags, excluded=excluded, at_most=None if loops else 1, has_text_after=loops)


def any_way(composer: Composer, ways: Iterable[Sequence[Grammar]]) -> Node:
    """One of the ways, each of which is grammars one after the other."""
    return composer.rule(choice(*[sequence(*map(composer.node, way)) for way in ways]))


def after_texts(composer: Composer, rules: Iterable[tuple[Grammar, Iterable[Sequence[Grammar]]]]) -> Node:
    """One of the texts up to a trigger, and then one of the ways that the trigger begins."""
    ways = [sequence(composer.node(text), any_way(composer, rest)) for text, rest in rules]
    return composer.rule(choice(*ways))


def region(
    composer: Composer,
    first: Node,
    following: Node,
    after: Grammar,
    alone: Grammar,
    at_least: int,
    at_most: int | None,
) -> Grammar:
    """Between `at_least` and `at_most` tags and the text after them; without any tag the text `alone`.

    The tags are nodes of one composer, so that what stands in the first one and in those that follow is there once.
    """
    if at_least < 0 or (at_most is not None and at_most < max(1, at_least)):
        raise ValueError(f"at_least={at_least}, at_most={at_most}: 0 or more, and at most 1 or more, and not less")
    more = repeat(composer.rule(following), max(at_least - 1, 0), None if at_most is None else at_most - 1)
    some = sequence(first, more, composer.node(after))
    return composer.grammar(some if at_least else choice(composer.node(alone), some))


def _texts_until(triggers: Sequence[str], excluded: Sequence[str], ends: Sequence[str]) -> dict[str, Grammar]:
    """Free text up to each of the triggers, in which none of the others occurs before."""
    refuse_many_told_apart(len(triggers), [*triggers, *excluded, *ends])
    texts = {}
    for trigger in triggers:
        others = [*(other for other in triggers if other != trigger), *excluded, *ends]
        texts[trigger] = _of_language(text_until([trigger], others), "the trigger", [trigger])
    return texts


def _of_language(language: CharacterAutomaton, what: str, texts: Sequence[str]) -> Grammar:
    if language.is_empty:
        listed = ", ".join(map(repr, texts))
        raise EmptyLanguage(f"{what} {listed} never occurs, because another text that is searched for occurs before it")
    return Grammar("root", {"root": Automaton(utf8_automaton(language))})


def _of_tokens(which: Iterable[int | str], *, negated: bool) -> Grammar:
    which = [*which]
    ids = tuple(one for one in which if isinstance(one, int))
    names = tuple(one for one in which if isinstance(one, str))
    return Grammar("root", {"root": TokenSet(ids, names, negated)})


def _text(given: str | Grammar) -> Grammar:
    return Grammar.from_text(given) if isinstance(given, str) else given
