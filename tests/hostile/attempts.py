"""What happens to the text of a hostile case: one function for each kind of reader, all of one form.

`attempt(case, compiler)` hands the text to the reader that a stranger's text would come to, in the way that a server or
the command line does; where a grammar comes of it, its first mask is made, and `reads` is read by a matcher, whose mask
is made at the end again. Errors are whatever they are: who calls this judges them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import maskwright as mw
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.hostile.records import HostileCase

PIECES: Final = ['":', '",', '{"', "[[", "]]", "{{", "}}", "((", "))", "aa", "ab", "ba", "12", "00", "1" * 16, "a" * 16]
BLANKS: Final = [" " * n for n in (2, 4, 8, 16)] + ["\n" * n for n in (2, 4, 8)]
END: Final = 256


def small_vocabulary() -> mw.Vocabulary:
    """The single bytes, an end token, and pieces that run across the borders of everything."""
    single = [bytes([byte]) for byte in range(256)]
    return mw.Vocabulary([*single, b"", *(piece.encode() for piece in PIECES + BLANKS)], eos_token_ids=[END])


def attempt(case: HostileCase, compiler: mw.Compiler) -> None:
    """Do with a case what its kind says; raises what is raised."""
    grammar = ATTEMPTS[case.kind](compiler, case.text, case.options)
    if isinstance(grammar, CompiledGrammar):
        matcher = grammar.matcher()
        row = mw.allocate_bitmask(1, compiler.vocabulary.size)[0]
        matcher.fill_bitmask(row)
        if case.reads is not None:
            matcher.accept_bytes(case.reads.encode())
            matcher.fill_bitmask(row)


Options = Mapping[str, Any]


def _compiled(method: str) -> Callable[[mw.Compiler, str, Options], object]:
    return lambda compiler, text, options: getattr(compiler, method)(text, **options)


def _tools(compiler: mw.Compiler, text: str, options: Options) -> object:
    from maskwright.grammar.function_calls.tools import Tool, tools_of

    if "as_schema" in options:
        return compiler.compile_tool_calls(tools_of({"name": "f", "parameters": text}))
    listed = json.loads(text)
    assert all(not isinstance(tool, Tool) for tool in listed)
    return compiler.compile_tool_calls(listed, **options)


def _formula(_: mw.Compiler, text: str, options: Options) -> object:
    from maskwright.grammar.behaviour.logic import ltlf_to_dfa

    return ltlf_to_dfa(text, **options)


def _behaviour(compiler: mw.Compiler, text: str, _: Options) -> object:
    from maskwright.behaviour import Spec

    session = compiler.compile_behaviour(Spec.from_yaml(text, "spec.yaml")).start()
    session.fill_bitmask(mw.allocate_bitmask(1, compiler.vocabulary.size)[0])
    return session


def _gap_text(compiler: mw.Compiler, text: str, options: Options) -> object:
    from maskwright.integrations.command_line.gap_text import parsed

    pieces = parsed(text)
    slots = [slot for piece in pieces for slot in (piece.encode() if isinstance(piece, str) else [piece])]
    return compiler.compile_regex(options.get("pattern", "(?s:.*)")).canvas(slots, [END])


class _Described:
    """A tokenizer that is nothing but its description."""

    eos_token_id = 0

    def __init__(self, text: str) -> None:
        self._text = text

    def to_str(self) -> str:
        """The content of tokenizer.json."""
        return self._text


def _tokenizer(_: mw.Compiler, text: str, options: Options) -> object:
    vocabulary = mw.Vocabulary.from_huggingface(_Described(text), **options)
    return mw.Compiler(vocabulary) if vocabulary.trie.n_nodes else None


def _tekken(_: mw.Compiler, text: str, options: Options) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tekken.json"
        path.write_text(text, encoding="utf-8")
        return mw.Vocabulary.from_mistral_tekken(path, **options)


def _request(compiler: mw.Compiler, text: str, _: Options) -> object:
    """A request of vLLM that has all in its options."""
    from maskwright.integrations.vllm.asked import Asked, options_of
    from maskwright.integrations.vllm.constraints import Constraints

    options = options_of({"maskwright": text})
    assert options.kind is not None
    matcher = Constraints(compiler).matcher(Asked(options.kind, options.text, options))
    matcher.fill_bitmask(mw.allocate_bitmask(1, compiler.vocabulary.size)[0])
    return matcher


def _grammar_text(compiler: mw.Compiler, text: str, _: Options) -> object:
    """A grammar that a host hands over without saying in which notation it is."""
    from maskwright.integrations.grammar_text import compile_grammar_text

    return compile_grammar_text(compiler, text, None, None)


def _events(_: mw.Compiler, text: str, _options: Options) -> object:
    """A document that is read as it arrives."""
    from maskwright.matching.json_events import JSONReader

    reader, content = JSONReader(), text.encode()
    for begin in range(0, len(content), 4096):
        reader, _events = reader.read(content[begin : begin + 4096])
    return reader.end()


def _reply(_: mw.Compiler, text: str, options: Options) -> object:
    """What a model has answered, read back as calls of tools."""
    from maskwright.tools import parse_tool_calls

    return parse_tool_calls(text, options["format"], options["tools"])


ATTEMPTS: Final[dict[str, Callable[[mw.Compiler, str, Options], object]]] = {
    "json_schema": _compiled("compile_json_schema"),
    "regex": _compiled("compile_regex"),
    "lark": _compiled("compile_lark"),
    "gbnf": _compiled("compile_gbnf"),
    "ebnf": _compiled("compile_ebnf"),
    "structural_tag": _compiled("compile_structural_tag"),
    "tools": _tools,
    "formula": _formula,
    "behaviour": _behaviour,
    "gap_text": _gap_text,
    "tokenizer": _tokenizer,
    "tekken": _tekken,
    "request": _request,
    "grammar_text": _grammar_text,
    "events": _events,
    "reply": _reply,
}
"""By kind."""
