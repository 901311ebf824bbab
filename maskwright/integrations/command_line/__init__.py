"""The command line: `maskwright generate | batch | infill | check | compile | mask | example | lint | convert | bench`.

In reading order: `application` (commands and their options), `specification` (what SPEC names), `json_options` (flags
for JSON Schemas) and `lark_options` (for Lark grammars), `vocabularies` (which tokens), then a module for each command
(`checking`, `compiling`, `masking`, `examples`, `linting`, `converting`, `generating`, `batching`, `infilling` with
`gap_text` and `canvas_trace`, `benchmarking`), with `messages` (mistakes and waiting) under them.
"""

from __future__ import annotations

from maskwright.integrations.command_line.application import app, main

__all__ = ["app", "main"]
