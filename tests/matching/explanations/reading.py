"""The cases of explanations: what their files say, as grammars, texts and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import maskwright as mw
from maskwright.behaviour import Session, Spec
from maskwright.grammar.ir import Grammar
from maskwright.matching.matcher import Matcher
from maskwright.tools import tools_of

SPECIAL = ("<tool>", "<other>")
END = "</s>"


class Cases:
    """The cases of one grammar, with a vocabulary of all bytes, the tokens that they offer, and a few special ones."""

    def __init__(self, grammar: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> None:
        texts = dict.fromkeys(case["token"] for case in cases if isinstance(case.get("token"), str))
        tokens = [bytes([byte]) for byte in range(256)]
        tokens += [text.encode() for text in texts if len(text.encode()) > 1]
        self._empty = len(tokens)
        self._id_of = {token: number for number, token in enumerate(tokens)}
        special = {name: len(tokens) + 1 + place for place, name in enumerate((END, *SPECIAL))}
        self._special = special
        self.vocabulary = mw.Vocabulary(
            [*tokens, b"", *(name.encode() for name in special)],
            eos_token_ids=[special[END]],
            special_token_ids=special.values(),
            special_token_names=special,
        )
        self._compiler = mw.Compiler(self.vocabulary)
        self._spec = grammar
        self._grammar = None if "behaviour" in grammar else self._compiled(grammar)

    def says(self, case: Mapping[str, Any]) -> str:
        """The message for the token of a case; its number is N."""
        token_id = self.token_id(case["token"])
        told = str(self.reached(case).explain(token_id))
        return told.replace(f"Token {token_id}", "Token N", 1)

    def told(self, text: str) -> str:
        """The message for a whole text."""
        assert self._grammar is not None
        return str(self._grammar.explain(text))

    def token_id(self, token: str | Mapping[str, Any]) -> int:
        """The token of a case: its text, or how it is named."""
        if isinstance(token, str):
            return self._id_of[token.encode()]
        match dict(token):
            case {"end": True}:
                return self._special[END]
            case {"special": str(name)}:
                return self._special[name]
            case {"id": int(number)}:
                return number
            case {"empty": True}:
                return self._empty
        raise AssertionError(token)

    def reached(self, case: Mapping[str, Any]) -> Matcher | Session:
        """A matcher after the text of a case, perhaps with a budget, or a session after some steps."""
        after: str | list[Mapping[str, str]] = case["after"]
        if isinstance(after, str):
            assert self._grammar is not None
            matcher = self._grammar.matcher(max_tokens=case.get("max_tokens"))
            matcher.accept_bytes(after.encode())
            return matcher
        spec = Spec.from_yaml(self._spec["behaviour"], "case")
        session = self._compiler.compile_behaviour(spec).start()
        for step in after:
            if "observe" in step:
                session.observe(step["observe"])
            else:
                assert session.accept_tokens(step["write"].encode()) == len(step["write"].encode())
        return session

    def _compiled(self, grammar: Mapping[str, Any]) -> mw.CompiledGrammar:
        match dict(grammar):
            case {"tools": tools, "format": name}:
                return self._compiler.compile_tool_calls(tools_of(tools), format=name)
            case {"structural_tag": tag}:
                return self._compiler.compile_structural_tag(tag)
            case {"parts": parts}:
                return self._compiler.compile_grammar(reduce(lambda one, other: one + other, map(_part, parts)))
        return self._compiler.compile_grammar(_part(grammar))


def _part(grammar: Mapping[str, Any]) -> Grammar:
    match dict(grammar):
        case {"json_schema": schema}:
            return Grammar.from_json_schema(schema)
        case {"regex": pattern}:
            return Grammar.from_regex(pattern)
        case {"gbnf": text}:
            return Grammar.from_gbnf(text)
        case {"ebnf": text}:
            return Grammar.from_ebnf(text)
        case {"lark": text, **options}:
            return Grammar.from_lark(text, **options)
        case {"text": text}:
            return Grammar.from_text(text)
    raise AssertionError(grammar)
