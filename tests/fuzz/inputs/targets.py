"""All targets by name. To add one, write its `Target` where it belongs and name it there (README.md)."""

from __future__ import annotations

from typing import Final

from tests.fuzz.inputs.artefacts import ARTEFACTS
from tests.fuzz.inputs.notations import NOTATIONS
from tests.fuzz.inputs.requests import REQUESTS_AND_REPLIES
from tests.fuzz.inputs.target import Target

TARGETS: Final[dict[str, Target]] = {target.name: target for target in (*NOTATIONS, *REQUESTS_AND_REPLIES, *ARTEFACTS)}
