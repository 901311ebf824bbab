"""`maskwright behaviour check | lint | sample | diff | draw | run`: what agents may do, told, checked and run.

In reading order: `commands` (options), `traces` (files of traces), then a module for each command that has more to it
than a call: `checking`, `linting`, `drawing`, `running`.
"""

from __future__ import annotations

from maskwright.integrations.command_line.behaviour.commands import behaviour

__all__ = ["behaviour"]
