"""Maskwright: exact token masks from JSON Schema, grammars and regular expressions.

    import maskwright as mw
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer)
    grammar = mw.Compiler(vocabulary).compile_json_schema({"type": "object"})
    matcher = grammar.matcher()
    mask = mw.allocate_bitmask(1, vocabulary.size)
    matcher.fill_bitmask(mask[0])

Names are loaded when first used, so that importing the package costs milliseconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.errors import (
        EmptyLanguage,
        GrammarSyntaxError,
        InvalidGrammarFile,
        InvalidSchema,
        InvalidStructuralTag,
        InvalidVocabulary,
        LimitExceeded,
        MaskwrightError,
        MatcherError,
        SchemaTooComplex,
        TokenRejected,
        UnsupportedComposition,
        UnsupportedPattern,
        UnsupportedSchema,
        UnsupportedStructuralTag,
        UnsupportedTokenizer,
        UnsupportedType,
        VocabularyGap,
    )
    from maskwright.grammar.ir import Grammar
    from maskwright.grammar.json_schema import Formats, JSONSchemaOptions, NumberSpelling, PropertyOrder, Whitespace
    from maskwright.grammar.lark import PYTHON_INDENTER, Indenter, Lexer
    from maskwright.matching.batch import fill_bitmasks, step_matchers
    from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens, is_allowed
    from maskwright.matching.comparing import compare_grammars, compare_schemas
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.examples import example_texts, shortest_text
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.vocabulary import Vocabulary

_HOME = {
    "CompiledGrammar": "maskwright.matching.compiled_grammar",
    "Compiler": "maskwright.matching.compiler",
    "EmptyLanguage": "maskwright.errors",
    "Formats": "maskwright.grammar.json_schema",
    "Grammar": "maskwright.grammar.ir",
    "GrammarSyntaxError": "maskwright.errors",
    "Indenter": "maskwright.grammar.lark",
    "InvalidGrammarFile": "maskwright.errors",
    "InvalidSchema": "maskwright.errors",
    "InvalidStructuralTag": "maskwright.errors",
    "InvalidVocabulary": "maskwright.errors",
    "JSONSchemaOptions": "maskwright.grammar.json_schema",
    "Lexer": "maskwright.grammar.lark",
    "LimitExceeded": "maskwright.errors",
    "MaskwrightError": "maskwright.errors",
    "Matcher": "maskwright.matching.matcher",
    "MatcherError": "maskwright.errors",
    "NumberSpelling": "maskwright.grammar.json_schema",
    "PYTHON_INDENTER": "maskwright.grammar.lark",
    "PropertyOrder": "maskwright.grammar.json_schema",
    "SchemaTooComplex": "maskwright.errors",
    "TokenRejected": "maskwright.errors",
    "UnsupportedComposition": "maskwright.errors",
    "UnsupportedPattern": "maskwright.errors",
    "UnsupportedSchema": "maskwright.errors",
    "UnsupportedStructuralTag": "maskwright.errors",
    "UnsupportedTokenizer": "maskwright.errors",
    "UnsupportedType": "maskwright.errors",
    "Vocabulary": "maskwright.matching.vocabulary",
    "VocabularyGap": "maskwright.errors",
    "Whitespace": "maskwright.grammar.json_schema",
    "allocate_bitmask": "maskwright.matching.bitmask",
    "allowed_tokens": "maskwright.matching.bitmask",
    "compare_grammars": "maskwright.matching.comparing",
    "compare_schemas": "maskwright.matching.comparing",
    "example_texts": "maskwright.matching.examples",
    "fill_bitmasks": "maskwright.matching.batch",
    "is_allowed": "maskwright.matching.bitmask",
    "shortest_text": "maskwright.matching.examples",
    "step_matchers": "maskwright.matching.batch",
}
"""Where each public name lives."""

__all__ = [
    "PYTHON_INDENTER",
    "CompiledGrammar",
    "Compiler",
    "EmptyLanguage",
    "Formats",
    "Grammar",
    "GrammarSyntaxError",
    "Indenter",
    "InvalidGrammarFile",
    "InvalidSchema",
    "InvalidStructuralTag",
    "InvalidVocabulary",
    "JSONSchemaOptions",
    "Lexer",
    "LimitExceeded",
    "MaskwrightError",
    "Matcher",
    "MatcherError",
    "NumberSpelling",
    "PropertyOrder",
    "SchemaTooComplex",
    "TokenRejected",
    "UnsupportedComposition",
    "UnsupportedPattern",
    "UnsupportedSchema",
    "UnsupportedStructuralTag",
    "UnsupportedTokenizer",
    "UnsupportedType",
    "Vocabulary",
    "VocabularyGap",
    "Whitespace",
    "allocate_bitmask",
    "allowed_tokens",
    "compare_grammars",
    "compare_schemas",
    "example_texts",
    "fill_bitmasks",
    "is_allowed",
    "shortest_text",
    "step_matchers",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'maskwright' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value  # the next use finds it without coming here
    return value
