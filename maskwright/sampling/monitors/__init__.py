"""Monitors: masks that a look at the text adds to a grammar's, at the points where there is something to add.

In reading order: `protocol` (what a monitor is, and what it does not promise), `monitored_matcher` (a matcher and a
monitor as one matcher); `terms` (searching bytes), `token_rows` (the masks of a language over bytes); `deny_list`,
`required_terms`, `names` (the monitors), `asking_ahead` (a slow analysis in threads).
"""

from __future__ import annotations

from maskwright.sampling.monitors.asking_ahead import AskingReport, Unanswered, Waiting
from maskwright.sampling.monitors.deny_list import forbidden_texts, forbidden_tokens
from maskwright.sampling.monitors.monitored_matcher import MonitoredMatcher
from maskwright.sampling.monitors.names import NamesAfterTriggers, NameSyntax
from maskwright.sampling.monitors.protocol import Monitor
from maskwright.sampling.monitors.required_terms import required_terms
from maskwright.sampling.monitors.terms import Term

__all__ = [
    "AskingReport",
    "Monitor",
    "MonitoredMatcher",
    "NameSyntax",
    "NamesAfterTriggers",
    "Term",
    "Unanswered",
    "Waiting",
    "forbidden_texts",
    "forbidden_tokens",
    "required_terms",
]
