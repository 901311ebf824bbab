"""Is a text a SMILES string, as `schemas/infilling/smiles.gbnf` has them? One scan over pieces.

The pieces of a text are atoms, bonds, ring closures, dots and brackets of branches, cut by a regular expression; what
may follow what is a table of the kind of the last piece, and branches are counted. Written from the prose of the
OpenSMILES specification, with the elements as a list of names. Cost: linear.
"""

from __future__ import annotations

import re

ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts "
    "Og"
).split()
assert len(ELEMENTS) == 118
SYMBOLS = "|".join([*sorted(ELEMENTS, key=len, reverse=True), "se", "as", "[bcnops]", r"\*"])
CHIRALITY = "|".join(
    ["@@", *(f"@{kind}{n}(?![0-9])" for kind, most in (("TH", 2), ("AL", 2), ("SP", 3)) for n in range(1, most + 1))]
    + [f"@{kind}{n}(?![0-9])" for kind, most in (("TB", 20), ("OH", 30)) for n in range(1, most + 1)]
    + ["@"]
)
CHARGE = r"\+\+|--|[+-](?:1[0-5]|[1-9])?"
BRACKET = rf"\[(?:[1-9][0-9]{{0,2}})?(?:{SYMBOLS})(?:{CHIRALITY})?(?:H[0-9]?)?(?:{CHARGE})?(?::[0-9]{{1,4}})?\]"
PIECE = re.compile(
    rf"(?P<atom>{BRACKET}|Cl|Br|[BCNOPSFIbcnops*])|(?P<ring>[-=#$:/\\]?(?:[0-9]|%[0-9][0-9]))|(?P<bond>[-=#$:/\\])"
    r"|(?P<dot>\.)|(?P<open>\()|(?P<close>\))"
)
MAY_FOLLOW = {
    "begin": {"atom"},
    "atom": {"atom", "ring", "bond", "dot", "open", "close", "end"},
    "ring": {"atom", "ring", "bond", "dot", "open", "close", "end"},
    "bond": {"atom"},
    "dot": {"atom"},
    "open": {"atom", "bond", "dot"},
    "close": {"atom", "bond", "dot", "open", "close", "end"},
}
"""What may follow a piece: a ring closure belongs to the atom before it, so none follows a branch."""


def accepts(text: str) -> bool:
    """`accepts("CC(=O)O")` -> True; `accepts("CC(=O")` -> False."""
    last, at, depth = "begin", 0, 0
    while at < len(text):
        piece = PIECE.match(text, at)
        if piece is None or piece.lastgroup not in MAY_FOLLOW[last]:
            return False
        last, at = str(piece.lastgroup), piece.end()
        depth += (last == "open") - (last == "close")
        if depth < 0:
            return False
    return depth == 0 and "end" in MAY_FOLLOW[last]
