"""Texts of structural tags: drawn from our grammars, judged by XGrammar, and put with their tags into `schemas/`.

    python scripts/structural_tags/texts.py draw tags.json texts.json
    python scripts/structural_tags/texts.py store tags.json texts.json read.json schemas/structural_tags

`draw` walks through the grammar of each tag with the bundled tokenizer, to which the markers of the family are added as
special tokens: at each step it takes a random token, or one of the fixed texts of the tag if that may stand there.
`vllm_side.py read` then reads the texts with vLLM's parsers. `store` checks that what was read is a call of one of the
tools with arguments that satisfy its schema (those that do not are listed with the reason), spoils texts, and keeps
those that XGrammar judges as we do. Whatever the two judge differently is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import jsonschema
import numpy as np
import xgrammar as xgr
from tokenizers import Tokenizer

import maskwright as mw
from maskwright.matching.random_texts import Habits, Walker

TOKENIZER = Path(__file__).resolve().parents[2] / "maskwright" / "assets" / "tiny-lm" / "tokenizer.json"
MARKER = re.compile(r"<[^<>\s\"=]*>|｜DSML｜")
LONGEST = 500
PIECES = ['"', '":', "{", "}", "[", "]", ",", "1", "true", "null", "abc", "é", ":", "<", "ab", '"city":', '"tags":[']
CLOSINGS = ["</parameter>", "</arg_value>", "</｜DSML｜parameter>", "</｜DSML｜ parameter>"]
BYTES = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
SPOILED_PER_TEXT = 3
KEPT, LONG = 5, 350
"""How many texts of a tag are stored of either kind, and from how many characters on only if there is no other one."""


def fixed_texts(value: object) -> list[str]:
    """All strings in a tag outside of schemas, longest first."""
    found: dict[str, None] = {}

    def visit(one: object) -> None:
        if isinstance(one, dict):
            for name, inner in one.items():
                if name not in ("json_schema", "type", "style"):
                    visit(inner)
        elif isinstance(one, list):
            for inner in one:
                visit(inner)
        elif isinstance(one, str) and one:
            found[one] = None

    visit(value)
    return sorted(found, key=len, reverse=True)


def markers(tag: dict) -> list[str]:
    texts = (
        [*fixed_texts(tag), json.dumps(tag, ensure_ascii=False)] if "deepseek" in json.dumps(tag) else fixed_texts(tag)
    )
    return sorted({marker for text in texts for marker in MARKER.findall(text)})


def vocabulary_with(names: list[str]) -> tuple[mw.Vocabulary, Tokenizer, dict[str, int]]:
    """The bundled vocabulary and special tokens of these names."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    plain = mw.Vocabulary.from_huggingface(tokenizer, eos_token_ids=[2])
    special = {name: plain.size + place for place, name in enumerate(names)}
    known = {**plain.special_token_names, **special}
    tokens = [*plain.token_bytes, *(name.encode() for name in names)]
    vocabulary = mw.Vocabulary(
        tokens,
        eos_token_ids=[2],
        special_token_ids=[*plain.special_token_ids, *special.values()],
        special_token_names=known,
    )
    return vocabulary, tokenizer, special


def drawn(tag: dict, rng: np.random.Generator, n_texts: int, options: mw.JSONSchemaOptions | None = None) -> list[str]:
    """Some texts of a tag."""
    vocabulary, tokenizer, special = vocabulary_with(markers(tag))
    compiled = mw.Compiler(vocabulary).compile_structural_tag(tag, options=options)
    bits = [*fixed_texts(tag), *CLOSINGS, *PIECES]
    pieces = [[special[bit]] if bit in special else tokenizer.encode(bit, add_special_tokens=False).ids for bit in bits]
    pieces += [[token] for token in special.values()]
    walker = Walker(vocabulary, Habits(pieces=pieces, ends=0.5, longest=LONGEST))
    found: list[str] = []
    for _ in range(20 * n_texts):
        if len(found) >= n_texts:
            break
        text = walker.text(compiled.matcher(), rng)
        if text is not None and text.decode() not in found:
            found.append(text.decode())
    return found


def ours(compiled: mw.CompiledGrammar, text: str) -> bool:
    matcher = compiled.matcher()
    try:
        matcher.accept_bytes(text.encode())
    except mw.TokenRejected:
        return False
    return matcher.is_accepting()


def theirs(compiled: xgr.CompiledGrammar, text: str) -> bool:
    matcher = xgr.GrammarMatcher(compiled)
    return all(matcher.accept_token(byte) for byte in text.encode()) and matcher.accept_token(256)


def spoiled(text: str, rng: np.random.Generator) -> str:
    """The text with a character changed, taken out or put in, or with its end cut off."""
    place = int(rng.integers(len(text))) if text else 0
    other = 'x1"<>{}, \n'[int(rng.integers(10))]
    return [text[:place] + other + text[place + 1 :], text[:place] + text[place + 1 :],
            text[:place] + other + text[place:], text[:place]][int(rng.integers(4))]  # fmt: skip


def closed(value: object) -> object:
    """A tag whose schemas allow no undeclared members where they are silent, as XGrammar reads them."""
    if isinstance(value, list):
        return [closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: closed(one) for name, one in value.items()}
    if isinstance(inner.get("properties"), dict):
        inner.setdefault("additionalProperties", False)
    return inner


def wrong_calls(read: dict, tools: dict, choice: str) -> str:
    """What is wrong with what a parser has read; "" if nothing is."""
    if "error" in read:
        return read["error"]
    if not read["calls"] and choice in ("required", "named"):
        return "no call was found"
    for name, arguments in read["calls"]:
        if name not in tools:
            return f"a call of {name!r}"
        try:
            jsonschema.validate(json.loads(arguments), tools[name])
        except (jsonschema.ValidationError, json.JSONDecodeError) as error:
            return f"{name}({arguments}): {str(error).splitlines()[0]}"
    return ""


def draw(tags_path: Path, texts_path: Path, n_texts: int, options: mw.JSONSchemaOptions | None) -> None:
    content = json.loads(tags_path.read_text())
    rng = np.random.default_rng(1)
    cases = []
    for one in content["tags"]:
        texts = drawn(one["tag"], rng, n_texts, options)
        names = markers(one["tag"])
        cases.append(
            {"family": one["family"], "case": one["case"], "tools": one["tools"], "tokens": names, "texts": texts}
        )
        if not texts:
            print("no text:", one["family"], one["case"], file=sys.stderr)
    texts_path.write_text(json.dumps(cases, ensure_ascii=False))
    print(f"{sum(len(case['texts']) for case in cases)} texts of {len(cases)} tags")


def store(tags_path: Path, texts_path: Path, read_path: Path, folder: Path) -> None:
    content = json.loads(tags_path.read_text())
    rng = np.random.default_rng(2)
    compiler, foreign = (
        mw.Compiler(BYTES),
        xgr.GrammarCompiler(
            xgr.TokenizerInfo(
                [bytes([b]) for b in range(256)] + [b"</s>"], vocab_type=xgr.VocabType.RAW, stop_token_ids=[256]
            )
        ),
    )
    by_family: dict[str, list[dict]] = {}
    cases = json.loads(texts_path.read_text())
    read_of = {(one["family"], one["case"]): one["read"] for one in json.loads(read_path.read_text())}
    figures = dict.fromkeys(["texts", "read", "not read", "accepted", "rejected", "open", "differ"], 0)
    for one, case in zip(content["tags"], cases, strict=True):
        tag, family = one["tag"], one["family"]
        compiled, judge = compiler.compile_structural_tag(tag), foreign.compile_structural_tag(json.dumps(tag))
        narrow = compiler.compile_structural_tag(closed(tag))
        kept: dict[str, list[str]] = {"accepted": [], "rejected": []}
        answers = read_of.get((family, one["case"]))
        for place, text in enumerate(case["texts"]):
            figures["texts"] += 1
            if answers is not None and "strict" in one["case"]:
                wrong = wrong_calls(answers[place], content["tools"][one["tools"]], one["case"].split()[2])
                figures["not read" if wrong else "read"] += 1
                if wrong:
                    print(f"{family}, {one['case']}: {wrong[:300]}\n    {text!r}")
            for candidate in [text, *(spoiled(text, rng) for _ in range(SPOILED_PER_TEXT))]:
                judgments = ours(compiled, candidate), theirs(judge, candidate)
                if judgments[0] != judgments[1]:
                    if ours(narrow, candidate) == judgments[1]:
                        figures["open"] += 1
                        continue
                    figures["differ"] += 1
                    print(f"{family}, {one['case']}: ours {judgments[0]}, XGrammar {judgments[1]}\n    {candidate!r}")
                    continue
                which = "accepted" if judgments[0] else "rejected"
                is_wanted = len(kept[which]) < KEPT and (len(candidate) < LONG or not kept[which])
                if candidate not in kept[which] and is_wanted:
                    figures[which] += 1
                    kept[which].append(candidate)
        by_family.setdefault(family, []).append({"case": one["case"], "tag": tag, **kept})
    folder.mkdir(parents=True, exist_ok=True)
    for family, found in by_family.items():
        lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in found)
        (folder / f"{family}.json").write_text(f"[\n{lines}\n]\n")
    print(figures)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=["draw", "store"])
    arguments.add_argument("paths", nargs="+", type=Path)
    arguments.add_argument("--texts", type=int, default=8)
    arguments.add_argument("--compact", action="store_true", help="JSON without blanks")
    given = arguments.parse_args()
    if given.what == "draw":
        options = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT) if given.compact else None
        draw(*given.paths, given.texts, options)
    else:
        store(*given.paths)


if __name__ == "__main__":
    main()
