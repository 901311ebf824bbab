"""Formats against the official suite of JSON Schema (when its data is there) and against cases of our own."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters import format_language, json_string_automaton
from tests.data_folder import data_archive

FORMATS = ["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"]
MORE_FORMATS = ["uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer"]

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
    "json-pointer": (["", "/a/b~0~1", "/"], ["a", "/~2", "/~"]),
    "relative-json-pointer": (["0", "1/a", "12#"], ["01", "/a", "", "0##"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS + MORE_FORMATS)
def test_cases_of_our_own(name: str) -> None:
    language = format_language(name)
    assert language is not None
    accepted, rejected = CASES[name]
    assert [text for text in accepted if not language.accepts(text)] == []
    assert [text for text in rejected if language.accepts(text)] == []


def suite_folder() -> Path:
    return next(data_archive("json-schema-test-suite").rglob("draft2020-12/optional/format"))


@pytest.mark.parametrize("name", FORMATS + MORE_FORMATS)
def test_the_official_suite_passes(name: str) -> None:
    language = format_language(name)
    assert language is not None
    groups = json.loads((suite_folder() / f"{name}.json").read_text(encoding="utf-8"))
    cases = [case for group in groups for case in group["tests"] if isinstance(case["data"], str)]
    assert len(cases) > 5
    wrong = [case for case in cases if language.accepts(case["data"]) != case["valid"]]
    # whether an A-label is valid is not regular: such labels are left out of our host names, see `formats`
    assert [case for case in wrong if not (name == "hostname" and case["valid"] and "xn--" in case["data"])] == []


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


@pytest.mark.parametrize("name", FORMATS + MORE_FORMATS)
def test_every_format_can_be_spelled(name: str) -> None:
    language = format_language(name)
    assert language is not None
    assert json_string_automaton(language).n_states >= language.n_states
