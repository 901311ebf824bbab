"""Formats against the official suite of JSON Schema (when its data is there) and against cases of our own."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters import PARTIAL_FORMATS, format_language, json_string_automaton, words
from maskwright.grammar.characters.formats import FORMAT_NAMES, computed_format
from maskwright.grammar.characters.ready_formats import ready_format, write_formats
from tests.data_folder import data_archive

FORMATS = ["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"]
MORE_FORMATS = ["uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer"]
PARTS = ["idn-email", "idn-hostname", "regex"]
N_TOO_NARROW = {"hostname": 15, "idn-hostname": 17, "ecmascript-regex": 1}
"""Valid texts of the official suite that we leave out, by file: names in Punycode or with scripts that are not in
`format_idn`, and a pattern with a back-reference."""

CASES = {
    "date": (["2024-02-29", "2000-02-29", "0000-12-31"], ["2023-02-29", "1900-02-29", "2024-04-31", "2024-1-1", ""]),
    "time": (["23:59:60Z", "00:29:60+00:30", "12:00:00.5-03:30"], ["23:59:60+00:01", "24:00:00Z", "12:00Z",
    "12:00:00"]),
    "date-time": (["2024-02-29t23:59:60z", "1985-04-12T23:20:50.52Z"], ["2024-02-30T00:00:00Z",
    "2024-01-01 00:00:00Z"]),
    "duration": (["P1Y", "PT1H", "P1DT2H3M", "P3W"], ["P", "PT", "P1W1D", "P1H", "P1.5D"]),
    "email": (["a@b", '"a b"@c.d', "a@[1.2.3.4]", "a@[IPv6:::1]"], ["a", "a@", "@b", "a..b@c", "a@-b",
    "a@[1.2.3.256]"]),
    "hostname": (["a", "a.b-c", "x" * 63], ["", "a.", "-a", "a-", "x" * 64, "xn--X", "a_b", ".".join(["x" * 63] * 4)]),
    "ipv4": (["0.0.0.0", "255.255.255.255"], ["256.0.0.0", "1.2.3", "01.2.3.4", "1.2.3.4.5"]),
    "ipv6": (["::", "::1", "1::8", "1:2:3:4:5:6:7::", "::1.2.3.4"], ["1::2::3", "1:2:3:4:5:6:7:8:9", ":::",
    "12345::", "1"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000", ""]),
    "uri": (["http://a/b?c#d", "urn:a:b", "http://[::1]:80/", "a:"], ["/a", "a", "http://a b", "http://[::1", "a:%zz"]),
    "uri-reference": (["/a", "", "a:b", "//h/p", "?q", "#f"], [":a", "a b", "#a#b"]),
    "iri": (["http://ƒøø.ßår/?∂éœ=πîx#πîüx", "a:\U0001f600"], ["∂", "http://a b", "a:\ue000", "a:\ufffe"]),
    "iri-reference": (["âππ", "//ƒøø.ßår", "?\ue000"], ["â\\π", "#\ue000"]),
    "uri-template": (["http://a/{x:1}/{y*}", "", "{+a,b.c}"], ["http://a/{x", "{}", "{a:0}", "{a b}", "<"]),
    "idn-email": (["a@b", "δοκιμή@bücher.de", '"é"@a.b', "a@straße"], ["a", "é@", "a@-ü", "a@ü-", "a@BÜ", "a@b..c"]),
    "idn-hostname": (["a.b", "bücher.example", "例え。テスト", "한국", "l·l", "α\u0375β"],
    ["", "ü.", "-ü", "Ü", "xn--bcher-kva", "a·l", "e\u0301a", "ü" * 12, "ü.a.b.c", "ａ", "ﬁ"]),
    "regex": ([r"^[a-z]+(\.[\w-]{2,10})*$", r"(?<year>\d{4})", r"(?=a(b))c|d", r"[\x00-\x1f\u4e00-\u9fa5А-я]", ""],
    ["(", ")", "[a", "[z-a]", "a{2,1}", "a**", r"\a", r"\1", "(?i)a", "(?=a)*", r"\u{110000}", r"[\d-z]", "{"]),
    "json-pointer": (["", "/a/b~0~1", "/"], ["a", "/~2", "/~"]),
    "relative-json-pointer": (["0", "1/a", "12#"], ["01", "/a", "", "0##"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS + MORE_FORMATS + PARTS)
def test_cases_of_our_own(name: str) -> None:
    language = format_language(name)
    assert language is not None
    accepted, rejected = CASES[name]
    assert [text for text in accepted if not language.accepts(text)] == []
    assert [text for text in rejected if language.accepts(text)] == []


def suite_folder() -> Path:
    return next(data_archive("json-schema-test-suite").rglob("draft2020-12/optional/format"))


@pytest.mark.parametrize("name", [*FORMATS, *MORE_FORMATS, *PARTS, "ecmascript-regex"])
def test_nothing_invalid_passes_in_the_official_suite_and_little_that_is_valid_fails(name: str) -> None:
    language = format_language("regex" if name == "ecmascript-regex" else name)
    assert language is not None
    groups = json.loads((suite_folder() / f"{name}.json").read_text(encoding="utf-8"))
    cases = [case for group in groups for case in group["tests"] if isinstance(case["data"], str)]
    assert cases
    assert [case for case in cases if language.accepts(case["data"]) and not case["valid"]] == []
    n_too_narrow = sum(case["valid"] and not language.accepts(case["data"]) for case in cases)
    assert n_too_narrow == N_TOO_NARROW.get(name, 0)
    assert not n_too_narrow or name in PARTIAL_FORMATS or name == "ecmascript-regex"


@given(st.datetimes(), st.integers(-1439, 1439))
def test_every_moment_that_python_prints_is_a_date_time(moment: dt.datetime, minutes: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    language = format_language("date-time")
    assert language is not None
    assert language.accepts(moment.replace(tzinfo=zone).isoformat())


@given(st.dates(), st.integers(-40, 40))
def test_dates_are_those_of_the_calendar(day: dt.date, offset: int) -> None:
    language = format_language("date")
    assert language is not None
    text = f"{day.year:04}-{day.month:02}-{day.day + offset:02}"
    try:
        dt.date(day.year, day.month, day.day + offset)
        is_valid = True
    except ValueError:
        is_valid = False
    assert language.accepts(text) == is_valid


@given(st.integers(0, 1439), st.integers(-1439, 1439))
def test_a_leap_second_is_the_last_of_the_day_in_utc(local: int, offset: int) -> None:
    language = format_language("time")
    assert language is not None
    sign, size = ("+" if offset >= 0 else "-"), abs(offset)
    text = f"{local // 60:02}:{local % 60:02}:60{sign}{size // 60:02}:{size % 60:02}"
    assert language.accepts(text) == ((local - offset) % 1440 == 1439)


def test_unknown_formats_have_no_language() -> None:
    assert format_language("no-such-format") is None


@pytest.mark.parametrize("name", FORMATS + MORE_FORMATS + PARTS)
def test_every_format_can_be_spelled(name: str) -> None:
    language = format_language(name)
    assert language is not None
    assert json_string_automaton(language).n_states >= language.n_states


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_ready_made_automata_are_those_of_the_definitions(name: str) -> None:
    if name.startswith("idn-") and unicodedata.unidata_version != "14.0.0":
        pytest.skip("the ready-made automaton is that of Unicode 14, which this Python does not have")
    assert ready_format(name) == computed_format(name), "run: python scripts/build_formats.py"


def test_a_missing_archive_is_no_format(tmp_path: Path) -> None:
    assert ready_format("date", tmp_path / "nothing.npz") is None
    write_formats({"a": words(["b"])}, tmp_path / "one.npz")
    assert ready_format("a", tmp_path / "one.npz") == words(["b"])
    assert ready_format("date", tmp_path / "one.npz") is None
