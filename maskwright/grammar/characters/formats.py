"""The `format`s of JSON Schema as languages, exact as far as the RFCs are regular.

Most are patterns, assembled from the ABNF of their RFC under the same names; times and host names are tables
(`format_tables`), because a leap second ties the seconds to the offset and the lengths of labels and names multiply.
Restrictions: labels of a host name that begin with `xn--` are left out, for whether one is a valid A-label (RFC 5891)
is too large a question for an automaton; `regex`, `idn-hostname` and `idn-email` are regular parts of languages that
are not regular or too large (`format_regex`, `format_idn`). So no invalid text is ever let through.

Sources: RFC 3339 (dates, times, appendix A durations), RFC 5321 4.1.2 (email), RFC 1123 (hostname), RFC 2673 (ipv4),
RFC 3986 (ipv6, uri, uri-reference), RFC 3987 (iri), RFC 6570 (uri-template), RFC 9562 (uuid), RFC 6901 and its relative
draft (pointers).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.format_idn import idn_email_language, idn_hostname_language
from maskwright.grammar.characters.format_regex import regex_language
from maskwright.grammar.characters.format_tables import hostname_language, in_succession, time_language
from maskwright.grammar.characters.languages import match_language
from maskwright.grammar.characters.ready_formats import ready_format

# RFC 3339
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP_YEAR}-02-29)"
)
_DURATION_TIME = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_DURATION_DATE = "(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)"
_DURATION = f"P(?:{_DURATION_DATE}(?:{_DURATION_TIME})?|{_DURATION_TIME}|[0-9]+W)"

# RFC 3986
_DEC_OCTET = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_IPV4 = rf"(?:{_DEC_OCTET}\.){{3}}{_DEC_OCTET}"
_H16 = "[0-9a-fA-F]{1,4}"
_LS32 = f"(?:{_H16}:{_H16}|{_IPV4})"
_IPV6 = (
    f"(?:(?:{_H16}:){{6}}{_LS32}"
    f"|::(?:{_H16}:){{5}}{_LS32}"
    f"|(?:{_H16})?::(?:{_H16}:){{4}}{_LS32}"
    f"|(?:(?:{_H16}:){{0,1}}{_H16})?::(?:{_H16}:){{3}}{_LS32}"
    f"|(?:(?:{_H16}:){{0,2}}{_H16})?::(?:{_H16}:){{2}}{_LS32}"
    f"|(?:(?:{_H16}:){{0,3}}{_H16})?::{_H16}:{_LS32}"
    f"|(?:(?:{_H16}:){{0,4}}{_H16})?::{_LS32}"
    f"|(?:(?:{_H16}:){{0,5}}{_H16})?::{_H16}"
    f"|(?:(?:{_H16}:){{0,6}}{_H16})?::)"
)
_UNRESERVED = r"a-zA-Z0-9\-._~"
_SUB_DELIMS = "!$&'()*+,;="
_PERCENT = "%[0-9a-fA-F]{2}"
# RFC 3987
_UCSCHAR = r"\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF" + "".join(
    rf"\U000{plane:X}{'1' if plane == 14 else '0'}000-\U000{plane:X}FFFD" for plane in range(1, 15)
)
_IPRIVATE = r"\uE000-\uF8FF\U000F0000-\U000FFFFD\U00100000-\U0010FFFD"


def _uri(unreserved: str, private: str) -> tuple[str, str]:
    """The patterns of `URI` and `relative-ref` over these unreserved characters; `private` ones in queries only."""
    segment_character = f"(?:[{unreserved}{_SUB_DELIMS}:@]|{_PERCENT})"
    no_colon = f"(?:[{unreserved}{_SUB_DELIMS}@]|{_PERCENT})"
    ip_literal = rf"\[(?:{_IPV6}|[vV][0-9a-fA-F]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+)\]"
    registered_name = f"(?:[{unreserved}{_SUB_DELIMS}]|{_PERCENT})*"
    user = f"(?:(?:[{unreserved}{_SUB_DELIMS}:]|{_PERCENT})*@)?"
    authority = f"{user}(?:{ip_literal}|{registered_name})(?::[0-9]*)?"
    path = f"(?:/{segment_character}*)*"
    absolute_path = f"/(?:{segment_character}+{path})?"
    query = rf"(?:\?(?:{segment_character}|[/?{private}])*)?"
    fragment = f"(?:#(?:{segment_character}|[/?])*)?"
    hierarchy = f"(?://{authority}{path}|{absolute_path}|{segment_character}+{path}|)"
    relative = f"(?://{authority}{path}|{absolute_path}|{no_colon}+{path}|)"
    return rf"[a-zA-Z][a-zA-Z0-9+\-.]*:{hierarchy}{query}{fragment}", f"{relative}{query}{fragment}"


_URI, _RELATIVE = _uri(_UNRESERVED, "")
_IRI, _IRI_RELATIVE = _uri(_UNRESERVED + _UCSCHAR, _IPRIVATE)

# RFC 6570, with the apostrophe that erratum 6937 gives back
_LITERAL = rf"(?:[!#$&-;=?-\[\]_a-z~{_UCSCHAR}{_IPRIVATE}]|{_PERCENT})"
_VARIABLE = rf"(?:[a-zA-Z0-9_]|{_PERCENT})(?:\.?(?:[a-zA-Z0-9_]|{_PERCENT}))*(?::[1-9][0-9]{{0,3}}|\*)?"
_URI_TEMPLATE = rf"(?:{_LITERAL}|\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*"

# RFC 5321, with the one address literal tag that is registered; lengths are not part of the syntax there
_ATEXT = r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~]"
_LOCAL_PART = rf'(?:{_ATEXT}+(?:\.{_ATEXT}+)*|"(?:[ !#-\[\]-~]|\\[ -~])*")'
_SUB_DOMAIN = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_SNUM = "(?:[0-9]{1,2}|[01][0-9]{2}|2[0-4][0-9]|25[0-5])"
_MAIL_IPV4 = rf"{_SNUM}(?:\.{_SNUM}){{3}}"


def _groups(most: int) -> str:
    """Nothing or up to `most` hexadecimal groups with colons between."""
    return f"(?:{_H16}(?::{_H16}){{0,{most - 1}}})?"


_MAIL_IPV6 = (
    f"(?:{_H16}(?::{_H16}){{7}}|{_H16}(?::{_H16}){{5}}:{_MAIL_IPV4}|"
    + "|".join(f"{_groups(left) if left else ''}::{_groups(6 - left) if left < 6 else ''}" for left in range(7))
    + "|"
    + "|".join(
        f"{_groups(left) if left else ''}::(?:{_H16}(?::{_H16}){{0,{3 - left}}}:)?{_MAIL_IPV4}" for left in range(4)
    )
    + f"|{_groups(4)}::{_MAIL_IPV4})"
)
_EMAIL = rf"{_LOCAL_PART}@(?:{_SUB_DOMAIN}(?:\.{_SUB_DOMAIN})*|\[(?:{_MAIL_IPV4}|[iI][pP][vV]6:{_MAIL_IPV6})\])"

_POINTER = r"(?:/(?:[^/~]|~[01])*)*"
_HEX = "[0-9a-fA-F]"

PATTERNS = {
    "date": _DATE,
    "duration": _DURATION,
    "email": _EMAIL,
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "uuid": f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}",
    "uri": _URI,
    "uri-reference": f"(?:{_URI}|{_RELATIVE})",
    "iri": _IRI,
    "iri-reference": f"(?:{_IRI}|{_IRI_RELATIVE})",
    "uri-template": _URI_TEMPLATE,
    "json-pointer": f"(?s:{_POINTER})",
    "relative-json-pointer": f"(?s:(?:0|[1-9][0-9]*)(?:#|{_POINTER}))",
}
"""Formats that are a pattern, in Python's notation."""


def _date_time() -> CharacterAutomaton:
    return in_succession(match_language(_DATE + "[Tt]"), time_language())


_TABLES: dict[str, Callable[[], CharacterAutomaton]] = {
    "date-time": _date_time,
    "time": time_language,
    "hostname": hostname_language,
    "idn-email": idn_email_language,
    "idn-hostname": idn_hostname_language,
    "regex": regex_language,
}

PARTIAL_FORMATS = {
    "hostname": "labels in Punycode (xn--)",
    "idn-hostname": "labels in Punycode, scripts from right to left or with combining marks, labels beyond ASCII that "
    "are longer than 11 characters, more than three labels where one is beyond ASCII",
    "idn-email": "labels of the domain as in idn-hostname",
    "regex": "groups nested more than three deep, back-references, named groups but for one at the start, ranges "
    "between unusual characters or escapes",
}
"""What valid texts the language of a format leaves out; the other formats are exact."""


FORMAT_NAMES = tuple(sorted([*PATTERNS, *_TABLES]))
"""The formats that are known."""


@cache
def format_language(name: str) -> CharacterAutomaton | None:
    """The texts of a format, None for a name that is not known: `format_language("date").accepts("2024-02-29")`."""
    if name not in FORMAT_NAMES:
        return None
    ready = ready_format(name)
    return computed_format(name) if ready is None else ready


def computed_format(name: str) -> CharacterAutomaton:
    """The texts of a known format, from its definition."""
    return match_language(PATTERNS[name]) if name in PATTERNS else _TABLES[name]()
