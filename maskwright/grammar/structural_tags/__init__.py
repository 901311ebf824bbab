"""Structural tags: the JSON in which servers write down how a model calls tools, as a grammar.

Read in this order: `fields` (a tag's JSON), `markers` (fixed texts and special tokens), `tokens` (those that it names),
`endings` (where free text stops), `reader` (down the tree of formats) -> `formats`, `tags`, `schemas` (what each format
means) -> `front_end`.

Schemas in other styles than JSON: `styles`, `request`, `raw_values`, `members` -> `readable_json`, `flat`;
`spelled_rules` -> `gemma`, `nested_xml`.
"""

from maskwright.grammar.structural_tags.front_end import structural_tag_grammar

__all__ = ["structural_tag_grammar"]
