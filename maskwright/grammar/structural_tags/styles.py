r"""How models write the arguments of a call when they do not write JSON: the records of the flat styles.

    qwen_xml       <parameter=city>Rome</parameter>
    minimax_xml    <parameter name="city">Rome</parameter>
    glm_xml        <arg_key>city</arg_key><arg_value>Rome</arg_value>
    deepseek_xml   <｜DSML｜parameter name="city" string="true">Rome</｜DSML｜parameter>
    kimi_k3_xml    <|open|>argument key="city" type="string"<|sep|>Rome<|close|>argument<|sep|>

and `deepseek_v4_1_xml`, which is `deepseek_xml` with a blank before each `parameter`.

The members of an object stand one behind the other, blanks between them. A string is written as it is, any other value
as JSON with blanks around it. Two of the styles say which of the two it is; in the others the schema does.

Two families write `qwen_xml`. Qwen wraps each value in line ends, which its reader drops; MiMo writes everything in one
line, and its reader keeps what it finds. A tag that begins with a text without a line end behind it is of the second
kind, and is written so that both readers read the same.

A value must come back as it was written. So no value holds a text at which a reader would stop: the closing of its
member, the end of the call, the beginning of another member. Which these are is taken from the readers (the parsers of
vLLM 0.32: `qwen3`, `minimax_m2`, `glm47_moe`, `deepseek_v4`, `deepseek_v41`, `kimi_k3`), and is more than XGrammar
keeps out, which is the closing alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from maskwright.grammar.json_schema.shapes import (
    ARRAY_FAMILY,
    BOOLEAN_FAMILY,
    NULL_FAMILY,
    NUMBER_FAMILY,
    OBJECT_FAMILY,
    STRING_FAMILY,
)

BLANKS: Final = r"[\s\x1c-\x1f\x85]*"
"""What Python's patterns and those of JSON Schema take for blanks, together."""


class LineEnds(Enum):
    """What a reader makes of a line end at the beginning or the end of a raw value."""

    KEPT = "kept"
    """It is part of the value."""
    DROPPED = "dropped"
    """One at either side is not."""
    UNKNOWN = "unknown"
    """Some readers keep it, others do not."""


@dataclass(frozen=True, slots=True)
class Style:
    """One flat style.

    opening: what stands before a name. between: what stands between the name and the value of each family; blanks may
    stand between its texts. closing: what stands behind the value. unreadable: a pattern; no value has a match of it.
    names: a pattern of the names that can be written. escape: how they are. escaped: the characters that are
    then written in another way, which no undeclared name has. says_type: does `between` tell strings from other values?
    line_ends: what happens to one at either side of a value.
    """

    opening: str
    between: Mapping[int, tuple[str, ...]]
    closing: str
    unreadable: str
    names: str
    says_type: bool = False
    line_ends: LineEnds = LineEnds.KEPT
    escape: Callable[[str], str] = field(default=str)
    escaped: str = ""


def _always(*texts: str) -> Mapping[int, tuple[str, ...]]:
    return dict.fromkeys(range(OBJECT_FAMILY + 1), texts)


def _deepseek(blank: str) -> Style:
    is_string = dict.fromkeys(range(OBJECT_FAMILY + 1), ('" string="false">',)) | {STRING_FAMILY: ('" string="true">',)}
    return Style(
        opening=f'<｜DSML｜{blank}parameter name="',
        between=is_string,
        closing=f"</｜DSML｜{blank}parameter>",
        unreadable="</?｜DSML｜",
        names='^[^"<>]+$',
        says_type=True,
    )


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;")


_KIMI_TYPES = {
    NULL_FAMILY: "null",
    BOOLEAN_FAMILY: "boolean",
    NUMBER_FAMILY: "number",
    STRING_FAMILY: "string",
    ARRAY_FAMILY: "array",
    OBJECT_FAMILY: "object",
}

FLAT_STYLES: Final[Mapping[str, Style]] = {
    "qwen_xml": Style(
        opening="<parameter=",
        between=_always(">"),
        closing="</parameter>",
        unreadable=f"<{BLANKS}/{BLANKS}parameter{BLANKS}>|<{BLANKS}parameter{BLANKS}=|</function>",
        names="^[^<>]+$",
        line_ends=LineEnds.DROPPED,
    ),
    "minimax_xml": Style(
        opening='<parameter name="',
        between=_always('">'),
        closing="</parameter>",
        unreadable=f"<{BLANKS}/{BLANKS}parameter{BLANKS}>|<{BLANKS}parameter{BLANKS}name{BLANKS}=|</invoke>",
        names=r'^[^"<>\s]([^"<>]*[^"<>\s])?$',
    ),
    "glm_xml": Style(
        opening="<arg_key>",
        between=_always("</arg_key>", "<arg_value>"),
        closing="</arg_value>",
        unreadable="</arg_value>|</tool_call>",
        names=r"^[^<>\s]([^<>]*[^<>\s])?$",
    ),
    "deepseek_xml": _deepseek(""),
    "deepseek_v4_1_xml": _deepseek(" "),
    "kimi_k3_xml": Style(
        opening='<|open|>argument key="',
        between={family: (f'" type="{name}"<|sep|>',) for family, name in _KIMI_TYPES.items()},
        closing="<|close|>argument<|sep|>",
        unreadable=r"<\|close\|>",
        names="^[^<>]+$",
        says_type=True,
        escape=_attribute,
        escaped='"&',
    ),
}
