"""The whole way from a JSON Schema to a grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from maskwright.errors import EmptyLanguage, SpecificationError
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema.budgets import Budgeting
from maskwright.grammar.json_schema.conflict import conflicting_keywords
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.enforceable import check_enforceable
from maskwright.grammar.json_schema.exactness import report_of
from maskwright.grammar.json_schema.keywords import read_all
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.options import JSONSchemaOptions, options_in
from maskwright.grammar.json_schema.productivity import Productivity, explain_empty
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.json_schema.shapes import Conjunction
from maskwright.grammar.json_schema.terms import Terms

if TYPE_CHECKING:
    from referencing import Registry


def json_schema_grammar(
    schema: object, options: JSONSchemaOptions | None = None, registry: Registry[Any] | None = None
) -> Grammar:
    """The JSON texts of the values that satisfy a schema.

    `schema` is a dictionary, a boolean, JSON text, or a Python type or function (see `python_types`). Without `options`
    those that the schema holds under `"x-maskwright"` count, else the defaults. The schema is read in full here; the
    rules of the grammar are computed when they are asked for, and none of them can fail.

    References to other documents are looked up in `registry`, which has the standard metaschemas anyway; nothing is
    fetched, unless the caller's registry does so by itself.

    Raises GrammarSyntaxError (not JSON), InvalidSchema, UnsupportedSchema, EmptyLanguage and LimitExceeded, and
    InvalidOption for a pointer of `field_budgets` that bounds nothing.
    """
    document = read_document(schema)
    options = options or options_in(document)
    reader, form, productivity, root = understood(document, options, registry)
    if not productivity.is_productive(root):
        raise _why_empty(document, options, registry, explain_empty(form, productivity, root))
    check_enforceable(form, productivity, options)
    rules = Lowering(form, productivity, options, root)
    return Grammar("root", rules, is_prepared=True, report=report_of(reader), is_document=True)


def has_instance(
    schema: object, options: JSONSchemaOptions | None = None, registry: Registry[Any] | None = None
) -> bool:
    """Is there a value that satisfies the schema?  Raises what `json_schema_grammar` raises, except EmptyLanguage.

    `has_instance({"allOf": [{"type": "string"}, {"const": 1}]})` -> False.
    """
    document = read_document(schema)
    _, _, productivity, root = understood(document, options or options_in(document), registry)
    return productivity.is_productive(root)


def understood(
    document: object, options: JSONSchemaOptions, registry: Registry[Any] | None
) -> tuple[SchemaReader, NormalForm, Productivity, Conjunction]:
    """A document as far as its values are known, and which conjunction is the whole of it; for other spellings too."""
    reader = SchemaReader(document, options, registry)
    node = reader.child(reader.document.root, 0, "", "(root)")
    read_all(reader)
    terms = Terms(reader)
    root = terms.stands_for[node]
    form, productivity = _normal_form(terms, root, options)
    return reader, form, productivity, root


def _why_empty(
    document: object, options: JSONSchemaOptions, registry: Registry[Any] | None, known: EmptyLanguage
) -> EmptyLanguage:
    """The same error, with the keywords that exclude each other."""

    meant = options.without_budgets()

    def is_empty(schema: object) -> bool:
        try:
            _, _, productivity, root = understood(schema, meant, registry)
            return not productivity.is_productive(root)
        except SpecificationError:
            return False

    if not isinstance(document, Mapping):
        return known
    keywords = conflicting_keywords(document, is_empty)
    if not keywords:
        return known
    return EmptyLanguage(f"{known.reason}: see {', '.join(keywords)}", known.pointer)


def _normal_form(terms: Terms, root: Conjunction, options: JSONSchemaOptions) -> tuple[NormalForm, Productivity]:
    """The normal form in which branches of `oneOf` that share a value exclude each other, within the budgets."""
    form = NormalForm(terms, options)
    while True:
        productivity = Productivity(form, options.numbers)
        productivity.reach(root)
        found = productivity.overlaps()
        if not found:
            break
        form = form.excluding(frozenset(found))
    if not options.has_budgets or not productivity.is_productive(root):
        return form, productivity
    budgeting = Budgeting(options)
    within = Productivity(form.within_budgets(budgeting), options.numbers)
    within.reach(root)
    budgeting.check(productivity, within)
    return within.form, within
