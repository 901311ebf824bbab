"""Nothing is said about kernels, whether or not this machine has compiled them before; one test asks for it."""

from __future__ import annotations

import pytest

from maskwright.integrations.command_line import messages


@pytest.fixture(autouse=True)
def kernels_count_as_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands compile what they need without a word."""
    monkeypatch.setattr(messages, "make_kernels_ready", lambda: None)
