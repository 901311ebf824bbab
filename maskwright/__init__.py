"""Maskwright: exact token masks from JSON Schema, grammars and regular expressions."""
