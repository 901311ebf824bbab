"""A trace as one HTML page: no script, nothing from outside, readable on light and on dark.

Every token is a mark in the colour of the mass that the mask kept; where the mouse (or the focus) is, its details are
shown. All that comes from the trace is escaped, and the page's own policy forbids scripts and every request, so texts
of strangers are only ever text.
"""

from __future__ import annotations

from html import escape
from typing import Final

from maskwright.integrations.tracing.records import Trace, TracedText, TracedToken
from maskwright.integrations.tracing.shown import (
    LEAST_KEPT,
    N_GRADES,
    grade_of,
    place_of,
    share_of,
    spelling_of,
    summary_of,
    text_of,
)

_LIGHT: Final = ("#d9f0d3", "#eef3c1", "#fbe3a6", "#f8c19a", "#f4a6a0")
_DARK: Final = ("#1e4d2b", "#4a5116", "#66500f", "#6b3a14", "#6e2320")

_STYLE: Final = (
    """\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
.text { font-family: ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; }
.t { border-radius: 3px; outline: 1px solid #8884; position: relative; }
.forced { opacity: 0.55; }
.t > .d { display: none; position: absolute; left: 0; top: 1.6em; z-index: 1; padding: 0.3em 0.6em; width: max-content;
  max-width: 30rem; background: Canvas; color: CanvasText; border: 1px solid #888; border-radius: 4px; }
.t:hover, .t:focus { opacity: 1; } .t:hover > .d, .t:focus > .d { display: block; }
table { border-collapse: collapse; font: 13px ui-monospace, monospace; }
td, th { padding: 0.1em 0.8em; text-align: left; white-space: pre; } tr:nth-child(even) { background: #8881; }
.n { text-align: right; } .legend span { padding: 0 0.5em; margin-right: 0.5em; }
"""
    + "".join(f".k{grade} {{ background: {colour}; }}\n" for grade, colour in enumerate(_LIGHT))
    + "@media (prefers-color-scheme: dark) {\n"
    + "".join(f"  .k{grade} {{ background: {colour}; }}\n" for grade, colour in enumerate(_DARK))
    + "}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page_of(trace: Trace) -> str:
    """The page of a trace, all its texts one below the other."""
    title = escape(" ".join(filter(None, ["Trace of", trace.header.name or "a run", trace.header.grammar])))
    options = "".join(
        f"<li>{escape(str(name))}: {escape(str(value))}</li>" for name, value in trace.header.options.items()
    )
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f"<ul><li>vocabulary: {escape(trace.header.vocabulary)}</li>{options}</ul>",
        _legend(),
        *(part for number, text in enumerate(trace.texts) for part in _text(number, text)),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _legend() -> str:
    names = [f"≥ {100 * least:g}%" for least in LEAST_KEPT] + [f"< {100 * LEAST_KEPT[-1]:g}%"]
    marks = "".join(f'<span class="k{grade}">{names[grade]}</span>' for grade in range(N_GRADES))
    return f'<p class="legend">Mass that the mask kept: {marks}<span class="forced">pale: forced</span></p>'


def _text(number: int, text: TracedText) -> list[str]:
    marks = "".join(map(_mark, text.tokens))
    rows = "".join(_row(place, token) for place, token in enumerate(text.tokens))
    head = "<tr><th>step</th><th>token</th><th>text</th><th>kept</th><th>allowed</th><th>where</th></tr>"
    return [
        f"<h2>Text {number}</h2><p>{escape(summary_of(text))}</p>",
        f'<p class="text">{marks}</p>',
        f"<details><summary>token by token</summary><table>{head}{rows}</table></details>",
    ]


def _mark(token: TracedToken) -> str:
    """A token in the text; its details are hidden until it is looked at."""
    details = f"token {token.token_id}\nkept {share_of(token)}\nallowed {token.allowed}\nat {place_of(token)}"
    return (
        f'<span class="{_classes(token)}" tabindex="0">{escape(text_of(token))}'
        f'<span class="d">{escape(details)}</span></span>'
    )


def _row(place: int, token: TracedToken) -> str:
    cells = [(place, "n"), (token.token_id, "n"), (spelling_of(token), _classes(token)), (share_of(token), "n")]
    cells += [(token.allowed, "n"), (place_of(token), "")]
    return "<tr>" + "".join(f'<td class="{kind}">{escape(str(value))}</td>' for value, kind in cells) + "</tr>"


def _classes(token: TracedToken) -> str:
    grade = grade_of(token)
    names = ["t", *([] if grade is None else [f"k{grade}"]), *(["forced"] if token.is_forced else [])]
    return " ".join(names)
