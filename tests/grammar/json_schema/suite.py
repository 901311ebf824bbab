"""The official JSON Schema test suite as a judge of the whole way from a schema to the matcher.

A test of the suite is a schema, an instance and whether it is valid. The schema is compiled for the vocabulary of
single bytes with `JSONSchemaOptions.exact()`; the instance is written in every way of `tests.naive.json_texts`, and
each text is read byte by byte. The test is

    RIGHT    if all texts of a valid instance are accepted, and none of an invalid one
    UNDER    if a text of an invalid instance is accepted: the grammar constrains too little
    NARROW   if a text of a valid instance is refused
    REFUSED  if the schema is refused with an error of ours: not right, but honest
    CRASH    if anything else is raised

A schema that is found to be unsatisfiable (`EmptyLanguage`) accepts nothing, and is judged so.

Remote references are answered by a registry of the suite's `remotes` folder, under the addresses that the suite gives
them; nothing is fetched. Each test is judged under the draft of its folder, where the schema names none itself.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from pathlib import Path
from time import perf_counter
from typing import Any

import referencing
import referencing.jsonschema
from jsonschema_specifications import REGISTRY as METASCHEMAS

from maskwright.errors import EmptyLanguage, MaskwrightError
from maskwright.grammar.json_schema import Formats, JSONSchemaOptions
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.naive.json_texts import texts_of

REMOTE_BASE = "http://localhost:1234/"
URI_OF_DRAFT = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
DRAFTS = tuple(URI_OF_DRAFT)
EOS = 256

EXACT = JSONSchemaOptions.exact()
EXACT_WITH_FORMATS = replace(EXACT, formats=Formats.ASSERTED)


class Verdict(Enum):
    """What became of a test, see the module."""

    RIGHT = "right"
    UNDER = "under"
    NARROW = "narrow"
    REFUSED = "refused"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class Group:
    """A schema with its tests, `(description, instance, is valid)`; `file` is relative to the draft's folder."""

    draft: str
    file: str
    description: str
    schema: Any
    tests: tuple[tuple[str, Any, bool], ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one test. `reason` is the error of a refusal, or the spelling and text that was judged wrongly."""

    draft: str
    file: str
    group: str
    test: str
    verdict: Verdict
    reason: str = ""
    compile_seconds: float = 0.0


def byte_compiler() -> Compiler:
    """A compiler whose tokens are the single bytes, by their value."""
    single = [bytes([byte]) for byte in range(256)]
    return Compiler(Vocabulary([*single, b""], eos_token_ids=[EOS], special_token_ids=[EOS], size=EOS + 1))


def compile_schema(
    compiler: Compiler, schema: Any, options: JSONSchemaOptions, registry: referencing.Registry[Any] | None = None
) -> CompiledGrammar | None:
    """The compiled schema, or None if nothing satisfies it."""
    known = inspect.signature(compiler.compile_json_schema).parameters
    others = {"registry": registry} if registry is not None and "registry" in known else {}
    try:
        return compiler.compile_json_schema(schema, options=options, **others)  # type: ignore[arg-type]
    except EmptyLanguage:
        return None


def accepts(grammar: CompiledGrammar | None, text: str) -> bool:
    """Is the text a complete member, read byte by byte?"""
    if grammar is None:
        return False
    matcher = grammar.matcher()
    content = text.encode()
    return matcher.accept_tokens(content) == len(content) and matcher.is_accepting()


def read_groups(folder: Path, draft: str, files: str = "*.json") -> Iterator[Group]:
    """The groups in the files of a draft; only those directly in its folder are required by the specification."""
    home = folder / "tests" / draft
    for path in sorted(home.glob(files)):
        name = path.relative_to(home).with_suffix("").as_posix()
        schemas = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        instances = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
        for group, exact_group in zip(schemas, instances, strict=True):
            tests = tuple((test["description"], test["data"], test["valid"]) for test in exact_group["tests"])
            yield Group(draft, name, group["description"], _with_draft(group["schema"], draft), tests)


def _with_draft(schema: Any, draft: str) -> Any:
    if isinstance(schema, dict) and "$schema" not in schema:
        return {"$schema": URI_OF_DRAFT[draft], **schema}
    return schema


def registry_of(folder: Path, draft: str) -> referencing.Registry[Any]:
    """The remote documents of the suite, and the metaschemas of all drafts."""
    remotes = folder / "remotes"
    resources = []
    for path in sorted(remotes.rglob("*.json")):
        address = path.relative_to(remotes).as_posix()
        uri = URI_OF_DRAFT.get(address.split("/", 1)[0], URI_OF_DRAFT[draft])
        contents = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        resource = referencing.Resource.from_contents(
            contents, default_specification=referencing.jsonschema.specification_with(uri)
        )
        resources.append((REMOTE_BASE + address, resource))
    return METASCHEMAS.with_resources(resources)


def judge(
    group: Group, compiler: Compiler, registry: referencing.Registry[Any] | None, options: JSONSchemaOptions = EXACT
) -> list[Judgement]:
    """The verdict on each test of a group."""
    begin = perf_counter()
    try:
        grammar = compile_schema(compiler, group.schema, options, registry)
    except MaskwrightError as error:
        return _all_of(group, Verdict.REFUSED, f"{type(error).__name__}: {error}", perf_counter() - begin)
    except Exception as error:  # noqa: BLE001 - whatever else is raised is what this class of verdicts is for
        return _all_of(group, Verdict.CRASH, f"{type(error).__name__}: {error}", perf_counter() - begin)
    seconds = perf_counter() - begin
    judgements = []
    for description, instance, is_valid in group.tests:
        verdict, reason = Verdict.RIGHT, ""
        for text, spelling in texts_of(instance).items():
            if accepts(grammar, text) != is_valid:
                verdict, reason = (Verdict.NARROW if is_valid else Verdict.UNDER), f"{spelling}: {text[:200]!r}"
                break
        judgements.append(Judgement(group.draft, group.file, group.description, description, verdict, reason, seconds))
    return judgements


def _all_of(group: Group, verdict: Verdict, reason: str, seconds: float) -> list[Judgement]:
    return [
        Judgement(group.draft, group.file, group.description, description, verdict, reason.splitlines()[0], seconds)
        for description, _, _ in group.tests
    ]


def judge_draft(
    folder: Path, draft: str, compiler: Compiler, files: str = "*.json", options: JSONSchemaOptions = EXACT
) -> list[Judgement]:
    """All verdicts of a draft, in the order of the suite."""
    registry = registry_of(folder, draft)
    return [
        judgement
        for group in read_groups(folder, draft, files)
        for judgement in judge(group, compiler, registry, options)
    ]
