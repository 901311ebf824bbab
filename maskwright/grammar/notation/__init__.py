"""What people write: grammars as trees that no notation owns, between the readers and the printers.

In reading order: `written` (the tree), `source` (faults with their place), `assembly` (trees put together while a text
is read), `utf8` and `lowering` (the tree as a `Grammar` of bytes), `regular` (exclusions and patterns as character
languages), `expansion` (these as plain rules), `naming` (names that another notation can spell), `printing` (one file a
notation), `from_lark`, and `conversion` (all of it in a row, between the `notations`).
"""
