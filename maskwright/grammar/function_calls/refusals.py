"""Whatever is wrong with a schema, told as what is wrong with the tool, with the place in its schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maskwright.errors import (
    EmptyLanguage,
    InvalidSchema,
    InvalidStructuralTag,
    LimitExceeded,
    SpecificationError,
    UnsupportedSchema,
    UnsupportedStructuralTag,
)
from maskwright.grammar.function_calls.call_format import CallFormat
from maskwright.grammar.function_calls.faults import UnsupportedTool
from maskwright.grammar.function_calls.tools import Tool


@contextmanager
def refused_for(tool: Tool, call_format: CallFormat) -> Iterator[None]:
    """Turn an error about a schema into UnsupportedTool; limits stay what they are."""
    try:
        yield
    except LimitExceeded:
        raise
    except (UnsupportedStructuralTag, InvalidStructuralTag) as error:
        pointer = error.pointer.removeprefix("/json_schema")
        raise UnsupportedTool(tool.name, call_format.name, pointer, error.reason) from error
    except (UnsupportedSchema, InvalidSchema) as error:
        reason = f"the keyword {error.keyword!r} {error.reason}"
        raise UnsupportedTool(tool.name, call_format.name, error.pointer, reason) from error
    except EmptyLanguage as error:
        raise UnsupportedTool(
            tool.name, call_format.name, error.pointer.removeprefix("/json_schema"), error.reason
        ) from error
    except SpecificationError as error:
        reason = str(error).partition("\n")[0].removesuffix(".")
        raise UnsupportedTool(tool.name, call_format.name, "", reason) from error
