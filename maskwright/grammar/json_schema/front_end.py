"""The whole way from a JSON Schema to a grammar."""

from __future__ import annotations

from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.exactness import report_of
from maskwright.grammar.json_schema.keywords import read_all
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.normal_form import NormalForm, explain_empty
from maskwright.grammar.json_schema.options import JSONSchemaOptions, options_in
from maskwright.grammar.json_schema.reader import SchemaReader


def json_schema_grammar(schema: object, options: JSONSchemaOptions | None = None) -> Grammar:
    """The JSON texts of the values that satisfy a schema.

    `schema` is a dictionary, a boolean, JSON text, or a Python type or function (see `python_types`). Without `options`
    those that the schema holds under `"x-maskwright"` count, else the defaults. The schema is read in full here; the
    rules of the grammar are computed when they are asked for, and none of them can fail.

    Raises GrammarSyntaxError (not JSON), InvalidSchema, UnsupportedSchema, EmptyLanguage and LimitExceeded.
    """
    document = read_document(schema)
    options = options or options_in(document.root)
    reader = SchemaReader(document, options)
    node = reader.child(document.root, 0, "", "(root)")
    read_all(reader)
    form = NormalForm(reader, options.max_shapes)
    root = form.stands_for[node]
    form.expand(root)
    form.prove_choices()
    if not form.is_productive(root):
        raise explain_empty(form, root)
    lowering = Lowering(form, options)
    lowering.rules.define("root", lambda: lowering.value(root, 0))
    return Grammar("root", lowering.rules, is_prepared=True, report=report_of(reader))
