"""What happened to each token of a run, as a file: `records` (the format) → `recorder` (writes), `reading` (reads).

`maskwright.integrations.command_line.tracing` shows such files. The format is described in docs/explaining.md.
"""

from __future__ import annotations

from maskwright.integrations.tracing.reading import read_trace
from maskwright.integrations.tracing.recorder import TraceRecorder
from maskwright.integrations.tracing.records import Trace, TracedText, TracedToken, TraceHeader

__all__ = ["Trace", "TraceHeader", "TraceRecorder", "TracedText", "TracedToken", "read_trace"]
