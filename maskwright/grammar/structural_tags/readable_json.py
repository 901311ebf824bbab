"""JSON within a value of a flat style: no string of it holds a text at which the reader of the style stops.

JSON has no other spelling for `<` here, so what is to be left out is left out of the languages of the strings: of
values, of undeclared names, and of enumerations. A declared name, or a string of which nothing is left, is refused
before any rule is made.

Rejected: to intersect the grammar with the texts that can be read (`regular_product`), which takes a hundred times as
long, and has to refuse more than a dozen members in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maskwright.grammar.characters import CharacterAutomaton, json_string_words
from maskwright.grammar.ir import Node
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.objects import resolve
from maskwright.grammar.json_schema.shapes import Conjunction, ObjectShape, Shape, StringShape, StringWords
from maskwright.grammar.json_schema.strings import Language, bounded_language, known_language, string_node
from maskwright.grammar.structural_tags.request import Request
from maskwright.grammar.structural_tags.spelled_rules import Understood


class ReadableJSON(Lowering):
    """The rules of a schema as JSON without some strings (mutable, as `Lowering` is)."""

    def __init__(self, known: Understood, request: Request, readable: Language) -> None:
        super().__init__(known.form, known.productivity, request.options, known.root)
        self.readable = readable
        for shape in known.productivity.reached:
            self._check(shape, request)

    def of_shapes(self, shapes: tuple[Shape, ...], conjunction: Conjunction) -> Node:
        """The JSON texts of these shapes, which the conjunction has."""
        return self._union(shapes, conjunction, 0)

    def _check(self, shape: Shape, request: Request) -> None:
        """Raise UnsupportedStructuralTag if a name or a string that the shape asks for cannot be written."""
        allowed = known_language(self.readable)
        match shape:
            case ObjectShape():
                for resolved in resolve(self.form, shape):
                    for name, _ in resolved.members:
                        if not allowed.accepts(name):
                            raise request.refusal(f"a property cannot be called {name!r} in this style; rename it")
                    if any(self._kept(extra.languages, 0, None).is_empty for extra in resolved.extras):
                        raise request.refusal("a pattern of names has only names that this style cannot write")
            case StringWords(words) if not any(map(allowed.accepts, words)):
                raise request.refusal(f"the string {words[0]!r} cannot be written in this style")
            case StringShape(languages, least, most) if languages and self._kept(languages, least, most).is_empty:
                raise request.refusal("a pattern or a format has only strings that this style cannot write")

    def _kept(self, languages: tuple[Language, ...], least: int, most: int | None) -> CharacterAutomaton:
        return bounded_language((*languages, self.readable), least, most)[0]

    def _extra_name(self, languages: tuple[Language, ...], declared: tuple[str, ...]) -> Node:
        return super()._extra_name((*languages, self.readable), declared)

    def _scalar(self, shape: Shape) -> Node:
        escapes = self.options.escapes
        if isinstance(shape, StringWords):
            return json_string_words(
                [word for word in shape.words if known_language(self.readable).accepts(word)], escapes
            )
        if isinstance(shape, StringShape):
            languages = (*shape.languages, self.readable)
            return string_node(*bounded_language(languages, shape.min_length, shape.max_length), escapes)
        return super()._scalar(shape)


class ReadableValue(Mapping[str, Node]):
    """The rules of some shapes as JSON: one for these, called `value`, and the others as they are asked for."""

    def __init__(self, rules: ReadableJSON, shapes: tuple[Shape, ...], conjunction: Conjunction) -> None:
        self._rules = rules
        self._value = rules.of_shapes(shapes, conjunction)

    def __getitem__(self, name: str) -> Node:
        return self._value if name == "value" else self._rules[name]

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """As the rules of the schema say: see `SchemaPlaces`."""
        return self._rules.schema_pointers(rule, step)

    def has_distinct_items(self, rule: str) -> bool:
        """The same."""
        return self._rules.has_distinct_items(rule)

    def __iter__(self) -> Iterator[str]:
        yield "value"
        yield from self._rules

    def __len__(self) -> int:
        return len(self._rules) + 1
