"""Is a text in the language of `schemas/infilling/c_like.gbnf`? A lexer and a recursive descent, as in a C compiler.

Written from the description at the head of that grammar, not from its rules: here a lexer takes the longest match,
keywords are a list, and operators bind by precedence; the grammar knows none of these. Lexemes are pairs (kind, text).
Cost: linear; brackets nest as deep as Python's own stack allows.
"""

from __future__ import annotations

import re

KEYWORDS = frozenset(
    "auto bool break case char const continue default do double else enum false float for if int long nullptr return "
    "short signed sizeof static static_cast struct switch true unsigned void while".split()
)
ONE_WORD_TYPES = frozenset("bool char float double int short long signed unsigned".split())
BUILTIN = ONE_WORD_TYPES | {"void", "auto"}
PREFIX = frozenset("+ - & * ! ~ ++ --".split())
ASSIGNING = frozenset("= += -= *= /= %= &= |= ^= <<= >>=".split())
BINDING = [set(level.split()) for level in ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")]

LAYOUT = re.compile(r"(?:[ \t\r\n]|//[^\n]*(?:\n|\Z)|/\*(?:(?!\*/)[\s\S])*\*/)*")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBERS = [
    re.compile(r"(?:[1-9][0-9]*|0[0-7]*|0[xX][0-9a-fA-F]+|0[bB][01]+)(?:[uU](?:ll?|LL?)?|(?:ll|LL|[lL])[uU]?)?"),
    re.compile(r"0[xX][0-9a-fA-F]+(?:[uU](?:ll?|LL?)?|(?:ll|LL|[lL])[uU]?)?"),
    re.compile(r"0[bB][01]+(?:[uU](?:ll?|LL?)?|(?:ll|LL|[lL])[uU]?)?"),
    re.compile(r"(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fFlL]?"),
    re.compile(r"[0-9]+[eE][-+]?[0-9]+[fFlL]?"),
    re.compile(r"0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][-+]?[0-9]+[fFlL]?"),
]
ESCAPE = r"""\\(?:[abfnrtv'"?\\]|[0-7]{1,3}|x[0-9a-fA-F]{%s}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
STRING = re.compile(r'"(?:[^"\\\r\n]|' + ESCAPE % "1," + ')*"')
CHARACTER = re.compile(r"'(?:[^'\\\r\n]|" + ESCAPE % "1,2" + ")'")
SIGN = re.compile(
    r"\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[][(){};,:?.<>=!~+*/%&|^-]",
)
Lexeme = tuple[str, str]


class Refused(Exception):
    """The text is not in the language."""


def accepts(text: str) -> bool:
    """`accepts("int x = a+++b;")` -> True; `accepts("int x = a++b;")` -> False."""
    try:
        Reader(lexemes(text)).program()
    except Refused:
        return False
    return True


def lexemes(text: str) -> list[Lexeme]:
    """The text cut by the longest match at each place, layout left out; the last lexeme is ("end", "")."""
    found: list[Lexeme] = []
    at = 0
    while True:
        layout = LAYOUT.match(text, at)
        assert layout is not None
        at = layout.end()
        if at == len(text):
            return [*found, ("end", "")]
        if text.startswith("/*", at):
            raise Refused("a comment is never closed")
        candidates = [("number", number.match(text, at)) for number in NUMBERS]
        candidates += [
            ("word", WORD.match(text, at)),
            ("string", STRING.match(text, at)),
            ("character", CHARACTER.match(text, at)),
            ("sign", SIGN.match(text, at)),
        ]
        kind, match = max(candidates, key=lambda pair: pair[1].end() if pair[1] else -1)
        if match is None:
            raise Refused(f"nothing begins with {text[at]!r}")
        found.append(("keyword" if match[0] in KEYWORDS else kind, match[0]))
        at = match.end()


class Reader:
    """One pass over lexemes. Each method reads what it is named after, or raises Refused."""

    def __init__(self, found: list[Lexeme]) -> None:
        self.found = found
        self.at = 0

    def sees(self, *texts: str, ahead: int = 0) -> bool:
        """Is the next lexeme (or one further on) one of these keywords or signs?"""
        kind, text = self.found[min(self.at + ahead, len(self.found) - 1)]
        return kind in ("sign", "keyword") and text in texts

    def sees_kind(self, kind: str, ahead: int = 0) -> bool:
        return self.found[min(self.at + ahead, len(self.found) - 1)][0] == kind

    def skips(self, *texts: str) -> bool:
        """Read the next lexeme if it is one of these."""
        is_seen = self.sees(*texts)
        self.at += is_seen
        return is_seen

    def needs(self, *texts: str) -> None:
        if not self.skips(*texts):
            raise Refused(f"expected {texts} at lexeme {self.at}")

    def needs_name(self) -> None:
        if not self.sees_kind("word"):
            raise Refused(f"expected a name at lexeme {self.at}")
        self.at += 1

    # Declarations

    def program(self) -> None:
        while not self.sees_kind("end"):
            if self.sees("struct") and self.sees("{", ahead=2):
                self.structure()
            elif self.skips("enum"):
                self.enumeration()
            else:
                self.skips("static")
                self.type_words()
                self.pointers()
                self.needs_name()
                if self.skips("("):
                    self.function()
                else:
                    self.declarators()
                    self.needs(";")

    def structure(self) -> None:
        self.needs("struct")
        self.needs_name()
        self.needs("{")
        while not self.skips("}"):
            self.type_words()
            self.pointers()
            self.needs_name()
            self.declarators()
            self.needs(";")
        self.needs(";")

    def enumeration(self) -> None:
        self.needs_name()
        self.needs("{")
        while True:
            self.needs_name()
            if self.skips("="):
                self.assignment()
            if not self.skips(",") or self.sees("}"):
                break
        self.needs("}")
        self.needs(";")

    def function(self) -> None:
        is_first = True
        while not self.skips(")"):
            if not is_first:
                self.needs(",")
                if self.skips("..."):
                    self.needs(")")
                    break
            is_first = False
            self.type_words()
            self.pointers()
            if self.sees_kind("word"):
                self.at += 1
                self.arrays()
                if self.skips("="):
                    self.assignment()
        if not self.skips(";"):
            self.block()

    def type_words(self) -> None:
        """The words of a type, without stars."""
        is_const = self.skips("const")
        if self.skips("struct"):
            self.needs_name()
        elif self.sees(*BUILTIN):
            self.builtin()
        elif self.sees_kind("word"):
            self.at += 1
        else:
            raise Refused(f"expected a type at lexeme {self.at}, const: {is_const}")

    def builtin(self) -> None:
        if self.skips("signed", "unsigned"):
            if self.skips("char", "int"):
                return
            if self.skips("long"):
                self.skips("long")
                self.skips("int")
            elif self.skips("short"):
                self.skips("int")
        elif self.skips("short"):
            self.skips("int")
        elif self.skips("long"):
            if self.skips("long"):
                self.skips("int")
            else:
                self.skips("int", "double")
        else:
            self.needs(*BUILTIN)

    def pointers(self) -> None:
        while self.skips("*"):
            pass
        self.skips("&")

    def declarators(self) -> None:
        """What follows the first declared name, up to the semicolon."""
        self.arrays()
        self.initial()
        while self.skips(","):
            self.pointers()
            self.needs_name()
            self.arrays()
            self.initial()

    def arrays(self) -> None:
        while self.skips("["):
            if not self.skips("]"):
                self.expression()
                self.needs("]")

    def initial(self) -> None:
        if self.skips("="):
            self.item()

    def item(self) -> None:
        if not self.skips("{"):
            self.assignment()
            return
        while not self.skips("}"):
            self.item()
            if not self.skips(","):
                self.needs("}")
                break

    # Statements

    def block(self) -> None:
        self.needs("{")
        while not self.skips("}"):
            self.statement()

    def declares(self) -> bool:
        """Does a declaration begin here? A name must be followed by a name, else it begins an expression."""
        if self.sees("static", "const", "struct"):
            return True
        if self.sees(*BUILTIN):
            return not self.sees("(", ahead=1)
        return self.sees_kind("word") and self.sees_kind("word", ahead=1)

    def statement(self) -> None:
        if self.skips("if"):
            self.condition()
            self.simple_statement()
            if self.skips("else"):
                self.statement()
        elif self.skips("while"):
            self.condition()
            self.statement()
        elif self.skips("for"):
            self.needs("(")
            self.head_of_for()
            self.needs(")")
            self.statement()
        elif self.skips("switch"):
            self.condition()
            self.cases()
        elif self.declares():
            self.declaration()
            self.needs(";")
        else:
            self.simple_statement()

    def simple_statement(self) -> None:
        """What may stand between `if (...)` and `else`."""
        if self.sees("{"):
            self.block()
            return
        if self.skips("do"):
            self.statement()
            self.needs("while")
            self.condition()
        elif self.skips("return"):
            if not self.sees(";"):
                self.expression()
        elif not self.skips("break", "continue") and not self.sees(";"):
            self.expression()
        self.needs(";")

    def condition(self) -> None:
        self.needs("(")
        self.expression()
        self.needs(")")

    def declaration(self) -> None:
        self.skips("static")
        self.type_words()
        self.pointers()
        self.needs_name()
        self.declarators()

    def head_of_for(self) -> None:
        before = self.at
        if not self.sees("static"):
            try:
                self.type_words()
                self.pointers()
                self.needs_name()
                self.needs(":")
            except Refused:
                self.at = before
            else:
                self.expression()
                return
        if self.declares():
            self.declaration()
        elif not self.sees(";"):
            self.expression()
        self.needs(";")
        if not self.sees(";"):
            self.expression()
        self.needs(";")
        if not self.sees(")"):
            self.expression()

    def cases(self) -> None:
        self.needs("{")
        while not self.skips("}"):
            if not self.skips("default"):
                self.needs("case")
                self.assignment()
            self.needs(":")
            while not self.sees("case", "default", "}"):
                self.statement()

    # Expressions

    def expression(self) -> None:
        self.assignment()
        while self.skips(","):
            self.assignment()

    def assignment(self) -> None:
        self.conditional()
        while self.skips(*ASSIGNING):
            self.conditional()

    def conditional(self) -> None:
        self.binary(0)
        if self.skips("?"):
            self.expression()
            self.needs(":")
            self.conditional()

    def binary(self, level: int) -> None:
        if level == len(BINDING):
            self.unary()
            return
        self.binary(level + 1)
        while self.skips(*BINDING[level]):
            self.binary(level + 1)

    def unary(self) -> None:
        may_cast = True
        while True:
            if self.skips(*PREFIX):
                may_cast = True
            elif self.skips("sizeof"):
                if self.begins_type_in_brackets():
                    self.type_in_brackets()
                    return
                may_cast = False
            elif may_cast and self.begins_type_in_brackets():
                self.type_in_brackets()
            else:
                break
        self.postfixed()

    def begins_type_in_brackets(self) -> bool:
        """`(int`, but not `(int(x))`; `(T *)`, but neither `(T)` nor `(T * x)`."""
        if not self.sees("("):
            return False
        if self.sees("const", "struct", ahead=1):
            return True
        if self.sees(*BUILTIN, ahead=1):
            return not self.sees("(", ahead=2)
        ahead = 2
        while self.sees("*", ahead=ahead):
            ahead += 1
        return self.sees_kind("word", ahead=1) and ahead > 2 and self.sees(")", ahead=ahead)

    def type_in_brackets(self) -> None:
        self.needs("(")
        self.type_words()
        self.pointers()
        self.needs(")")

    def postfixed(self) -> None:
        if self.sees_kind("number") or self.sees_kind("character"):
            self.at += 1
            return
        if self.skips("true", "false", "nullptr"):
            return
        if self.sees_kind("string"):
            while self.sees_kind("string"):
                self.at += 1
        elif self.skips("("):
            self.expression()
            self.needs(")")
        elif self.skips("static_cast"):
            self.needs("<")
            self.type_words()
            self.pointers()
            self.needs(">")
            self.condition()
        elif self.skips(*ONE_WORD_TYPES):
            self.needs("(")
            self.assignment()
            self.needs(")")
        else:
            self.needs_name()
        while True:
            if self.skips("["):
                self.expression()
                self.needs("]")
            elif self.skips("("):
                self.arguments()
            elif self.skips(".", "->"):
                self.needs_name()
            elif not self.skips("++", "--"):
                return

    def arguments(self) -> None:
        if self.skips(")"):
            return
        self.assignment()
        while self.skips(","):
            self.assignment()
        self.needs(")")
