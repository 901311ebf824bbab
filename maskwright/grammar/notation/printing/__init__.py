"""Written grammars as text. In reading order: `layout` (what the notations share), then one file a notation.

Printed text reads back as the same tree. What a notation cannot say is refused with `UnsupportedConversion`; exclusions
and patterns are to be expanded first where a notation has none (`notation.expansion`), and names to be made such as it
allows (`notation.naming`).
"""

from __future__ import annotations

from maskwright.grammar.notation.printing.gbnf import print_gbnf
from maskwright.grammar.notation.printing.lark import print_lark
from maskwright.grammar.notation.printing.w3c import print_w3c
from maskwright.grammar.notation.printing.xgrammar import print_xgrammar

__all__ = ["print_gbnf", "print_lark", "print_w3c", "print_xgrammar"]
