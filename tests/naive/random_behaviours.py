"""Random behaviour specifications, as documents that `Spec.from_yaml` reads, and vocabularies that make them hard.

The documents are JSON, which is YAML, so a failing one can be printed and read again. Segments have openers and
closers, only one of the two, or none; writers are mixed; flows have loops and bounds; rules are of all words and speak
of texts, fields, calls and values. Many cannot be followed: that is for the tests to judge.
The tokens of `random_vocabulary` are all bytes, and pieces that cross delimiters: ends of texts with what follows them,
closers with openers, whole segments, and characters of several bytes cut in two.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import maskwright as mw
from maskwright.grammar.behaviour.specification.spec import Spec

NAMES = ("ask", "plan", "act", "see", "say")
WORDS = ("yes", "no", "ab", "ba", "a", "b", "yes no", "é", "")
PATTERNS = ("[ab]{0,3}", "a+", "(ab)*", "[a-c]{1,4}", "x|yy|", "[^\\n]{1,5}", "\\w{1,3}", "(yes|no)[.!]?", "[ab]*b")
TERMS = ("a", "b", "ab", "yes", "é", "no")
SCHEMAS: tuple[Any, ...] = (
    {"type": "object", "properties": {"k": {"enum": [1, 2, "x"]}}, "required": ["k"], "additionalProperties": False},
    {"enum": [True, False, None, "x"]},
    {"type": "array", "items": {"type": "boolean"}, "maxItems": 2},
)
TOOLS: dict[str, Any] = {"get": {"id": {"enum": ["p", "q"]}}, "put": {"id": "string"}, "end": {}}

Document = dict[str, Any]


def random_document(rng: random.Random, *, kinds: str = "regular", has_values: bool = True) -> Document:
    """A specification; `kinds` is "regular", or "all" with JSON, tools and references.

    `has_values`: may rules have variables?
    """
    names = list(NAMES[: rng.randint(2, 5)])
    writers = [rng.choices(["model", "env", "user"], [6, 3, 1])[0] for _ in names]
    if "model" not in writers:
        writers[rng.randrange(len(names))] = "model"
    segments: Document = {name: {"writer": writer} for name, writer in zip(names, writers, strict=True)}
    _delimit(rng, segments)
    for name, segment in segments.items():
        segment["text"] = _text(rng, kinds, is_model=segment["writer"] == "model")
        if rng.random() < 0.1 and segment["text"] == "free":
            segment["max_chars"] = rng.randint(2, 8)
        if kinds == "all" and segment["writer"] == "model" and rng.random() < 0.15 and name != names[0]:
            segments[names[0]] |= {"text": {"regex": "[ab]{1,2}"}, "bind": "E"}
            segment["text"] = {"parts": ["[a-c]{0,2}", rng.choice([{"ref": "E"}, {"optional": {"ref": "E"}}])]}
    document: Document = {"segments": segments, "flow": _flow(rng, names)}
    document["rules"] = [_rule(rng, segments, has_values) for _ in range(rng.randint(0, 5))]
    document["rules"] = [rule for rule in document["rules"] if rule is not None]
    if kinds == "all":
        document["tools"] = TOOLS
    return document


def spec_of(document: Document) -> Spec:
    """The specification that a document describes."""
    return Spec.from_yaml(json.dumps(document), "random.yaml")


def _delimit(rng: random.Random, segments: dict[str, Any]) -> None:
    """Openers and closers in one style for all, now and then none for one of them."""
    style = rng.choice(["lines", "tags", "short", "mixed"])
    for name, segment in segments.items():
        match style:
            case "lines":
                segment["open"] = f"\n[{name}] "
            case "tags":
                segment |= {"open": f"<{name}>", "close": f"</{name}>"}
            case "short":
                segment["open"] = {"ask": "?", "plan": "#", "act": "!", "see": "@", "say": ">"}[name]
            case "mixed":
                segment["open"] = rng.choice([f"<{name}>", f"\n{name}: ", f"[{name[0]}{name[1]}"])
                segment["close"] = rng.choice(["", "", "\n\n", ";", "]"])
    if rng.random() < 0.2:
        bare = rng.choice(list(segments))
        segments[bare]["open"] = ""
        for name, segment in segments.items():
            if name != bare or rng.random() < 0.5:
                segment["close"] = segment.get("close") or ";"


def _text(rng: random.Random, kinds: str, *, is_model: bool) -> Any:
    shares = {"free": 3, "regex": 4, "choice": 3} | (
        {"json_schema": 2, "tools": 3 * is_model} if kinds == "all" else {}
    )
    match rng.choices(list(shares), list(shares.values()))[0]:
        case "regex":
            return {"regex": rng.choice(PATTERNS)}
        case "choice":
            return {"choice": rng.sample(WORDS, rng.randint(1, 4))}
        case "json_schema":
            return {"json_schema": rng.choice(SCHEMAS)}
        case "tools":
            return {"tools": "tools"}
    return "free"


def _flow(rng: random.Random, names: list[str]) -> str:
    """A flow that has no empty trace."""

    def part(depth: int) -> str:
        kind = rng.random()
        if depth == 0 or kind < 0.35:
            return rng.choice(names)
        if kind < 0.7:
            return " ".join(part(depth - 1) for _ in range(rng.randint(2, 3)))
        if kind < 0.8:
            return f"({' | '.join(part(depth - 1) for _ in range(2))})"
        least = rng.randint(0, 2)
        bound = rng.choice(["*", "+", "?", f"{{{least},{least + rng.randint(1, 3)}}}"])
        return f"({part(depth - 1)}){bound}"

    return f"{rng.choice(names)} {part(3)} {part(2)}"


def _rule(rng: random.Random, segments: Document, has_values: bool) -> Document | None:
    if has_values and rng.random() < 0.2:
        return _value_rule(rng, segments)
    texts = [name for name, segment in segments.items() if segment["text"] == "free"]
    rule = random_rule(rng, lambda: _atom(rng, segments), texts)
    if rng.random() < 0.1 and not rule.keys() & {"mention", "leak"}:
        rule["level"] = "warn"
    return rule


def random_rule(rng: random.Random, atom: Callable[[], str], texts: list[str]) -> Document:
    """A rule of any word without variables; `texts` are segments of which a mention can be asked."""

    def one() -> str:
        kind = rng.random()
        if kind < 0.75:
            return atom()
        if kind < 0.85:
            return f"!({atom()})"
        return f"({atom()}) {rng.choice('&|')} ({atom()})"

    words: dict[str, Callable[[], Any]] = {
        "never": one,
        "must": one,
        "at_most": lambda: {"n": rng.randint(0, 3), "of": one()},
        "at_least": lambda: {"n": rng.randint(1, 2), "of": one()},
        "exactly": lambda: {"n": rng.randint(1, 2), "of": one()},
        "only_after": lambda: {"do": one(), "need": one()} | ({"each": True} if rng.random() < 0.4 else {}),
        "followed_by": lambda: {"when": one(), "then": one()},
        "next_is": lambda: {"when": one(), "then": one()},
        "not_next": lambda: {"when": one(), "then": one()},
        "within": lambda: {"when": one(), "then": one(), "steps": rng.randint(1, 3)},
        "between": lambda: {"from": one(), "to": one(), rng.choice(["never", "must"]): one()},
        "order": lambda: [one(), one()],
        "exclusive": lambda: [one(), one()],
        "leak": lambda: [rng.choice(TERMS), {"regex": "[xyz]b"}],
        "ltlf": lambda: _formula(rng, atom, 5),
    }
    if texts:
        alike = rng.random() < 0.5
        words["mention"] = lambda: {
            rng.choice(["all", "any"]): rng.sample(TERMS, 2),
            "in": rng.choice(texts),
            "fold": alike,
            "word": alike,
        }
    word = rng.choice(list(words))
    return {word: words[word]()}


def _value_rule(rng: random.Random, segments: dict[str, Any]) -> Document | None:
    """A rule that holds for every value."""
    holes = [f"{name} == $x" for name, segment in segments.items() if segment["writer"] == "model"]
    calls = [
        name for name, segment in segments.items() if isinstance(segment["text"], dict) and "tools" in segment["text"]
    ]
    if calls:
        holes = ["call(get, id=$x)", "call(put, id=$x)"]
    first, second = rng.choice(holes), rng.choice(holes)
    return rng.choice(
        [
            {"never_repeat": first},
            {"only_after": {"do": first, "need": second, "each": rng.random() < 0.5}} if first != second else None,
            {"followed_by": {"when": first, "then": second}} if first != second else None,
            {"at_most": {"n": rng.randint(1, 2), "of": first}},
        ]
    )


def _atom(rng: random.Random, segments: dict[str, Any]) -> str:
    name = rng.choice(list(segments))
    text = segments[name]["text"]
    if rng.random() < 0.4:
        return name
    if isinstance(text, dict) and "choice" in text and rng.random() < 0.7:
        return f"{name} == {json.dumps(rng.choice(text['choice']), ensure_ascii=False)}"
    if isinstance(text, dict) and "tools" in text:
        return rng.choice(["call(get)", "call(put)", "call(end)", 'call(get, id="p")', 'call(put, id="a")'])
    if isinstance(text, dict) and "json_schema" in text:
        return f"{name}.k == 1" if text["json_schema"].get("properties") else f'{name} == "true"'
    term = json.dumps(rng.choice(TERMS), ensure_ascii=False)
    return rng.choice(
        [
            f"{name}.contains({term})",
            f"{name}.starts({term})",
            f"{name}.ends({term})",
            f"{name}.mentions({term})",
            f"{name}.length <= {rng.randint(0, 3)}",
            f"{name}.length >= {rng.randint(1, 3)}",
            f"{name}.matches(/^{rng.choice(['a', 'b', '[ab]'])}/)",
            f"output.contains({term})",
        ]
    )


def _formula(rng: random.Random, atom: Callable[[], str], size: int, *, has_future: bool = True) -> str:
    """Some formula, none of the future inside the past."""
    if size <= 1:
        return f"({atom()})"
    if rng.random() < 0.3:
        return f"!({_formula(rng, atom, size - 1, has_future=has_future)})"
    if rng.random() < 0.4:
        left, right = (_formula(rng, atom, size // 2, has_future=has_future) for _ in range(2))
        return f"({left} {rng.choice(['&', '|', '->'])} {right})"
    if has_future and rng.random() < 0.6:
        if rng.random() < 0.7:
            return f"{rng.choice('XNFG')}({_formula(rng, atom, size - 1)})"
        return f"({_formula(rng, atom, size // 2)} {rng.choice('URWM')} {_formula(rng, atom, size // 2)})"
    if rng.random() < 0.7:
        return f"{rng.choice('YZOH')}({_formula(rng, atom, size - 1, has_future=False)})"
    left, right = (_formula(rng, atom, size // 2, has_future=False) for _ in range(2))
    return f"({left} S {right})"


def random_vocabulary(
    rng: random.Random, spec: Spec, *, n_tokens: int = 200, singles: Iterable[int] = range(256)
) -> mw.Vocabulary:
    """`singles` as tokens, about `n_tokens` pieces of traces, and one end token, the last."""
    texts = [*WORDS, "ü\N{SNOWMAN}", "a b", '{"', '"}', '"id"', "true", "get"]
    pieces: set[bytes] = set()
    while len(pieces) < n_tokens:
        parts = []
        for _ in range(rng.randint(1, 3)):
            segment = rng.choice(spec.segments)
            parts += [segment.open, rng.choice(texts), segment.close]
        whole = "".join(parts).encode()
        begin = rng.randrange(len(whole)) if whole else 0
        piece = whole[begin : begin + rng.choice([2, 2, 3, 3, 4, 5, 8, 20])]
        pieces.add(piece if len(piece) > 1 else bytes(rng.choices(b"abcyesno \n", k=rng.randint(2, 9))))
    tokens = [*(bytes([one]) for one in singles), *sorted(pieces), b""]
    return mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1])
