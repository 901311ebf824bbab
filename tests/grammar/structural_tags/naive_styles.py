"""The flat styles by their definition: members written one by one, and read by a regular expression as vLLM does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

BLANKS = r"[ \t\r\n]*"


@dataclass(frozen=True)
class NaiveStyle:
    """`member` has {name}, {kind} and {value}; `stops` are texts that end a value or a call for the reader."""

    member: str
    stops: tuple[str, ...]
    kinds: dict[str, str] | None = None
    drops_line_ends: bool = False

    def written(self, name: str, value: Any, before: str = "", after: str = "") -> str:
        raw = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        kind = "" if self.kinds is None else self.kinds[kind_of(value)]
        return self.member.format(name=name, kind=kind, value=before + raw + after)

    def read(self, text: str) -> list[tuple[str, str | None, str]] | None:
        """The members of a whole text as (name, kind, raw value); None if it is none."""
        pattern = re.escape(self.member)
        for field, group in (("name", '([^<>"]+?)'), ("kind", "([a-z]*?)"), ("value", "((?s:.*?))")):
            pattern = pattern.replace(re.escape("{" + field + "}"), group)
        pattern = pattern.replace("</arg_key><", f"</arg_key>{BLANKS}<")
        members, place = [], 0
        step = re.compile(BLANKS + pattern)
        while (found := step.match(text, place)) is not None:
            groups = found.groups()
            kind = groups[1] if self.kinds is not None else None
            value = groups[-1]
            if any(re.search(stop, value) for stop in self.stops):
                return None
            members.append((groups[0], kind, value))
            place = found.end()
        return members if re.fullmatch(BLANKS, text[place:]) else None


def kind_of(value: Any) -> str:
    if value is None:
        return "null"
    for kind, types in (("boolean", bool), ("number", int | float), ("string", str), ("array", list)):
        if isinstance(value, types):  # type: ignore[arg-type]
            return kind
    return "object"


def _dsml(blank: str) -> NaiveStyle:
    kinds = dict.fromkeys(("null", "boolean", "number", "array", "object"), "false") | {"string": "true"}
    member = f'<｜DSML｜{blank}parameter name="{{name}}" string="{{kind}}">{{value}}</｜DSML｜{blank}parameter>'
    return NaiveStyle(member, ("</?｜DSML｜",), kinds)


STYLES = {
    "qwen_xml": NaiveStyle(
        "<parameter={name}>{value}</parameter>",
        (r"<\s*/\s*parameter\s*>", r"<\s*parameter\s*=", "</function>"),
        drops_line_ends=True,
    ),
    "minimax_xml": NaiveStyle(
        '<parameter name="{name}">{value}</parameter>',
        (r"<\s*/\s*parameter\s*>", r"<\s*parameter\s*name\s*=", "</invoke>"),
    ),
    "glm_xml": NaiveStyle("<arg_key>{name}</arg_key><arg_value>{value}</arg_value>", ("</arg_value>", "</tool_call>")),
    "deepseek_xml": _dsml(""),
    "deepseek_v4_1_xml": _dsml(" "),
    "kimi_k3_xml": NaiveStyle(
        '<|open|>argument key="{name}" type="{kind}"<|sep|>{value}<|close|>argument<|sep|>',
        (r"<\|close\|>",),
        {kind: kind for kind in ("null", "boolean", "number", "string", "array", "object")},
    ),
}
