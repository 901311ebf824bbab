"""SGLang's side of the grammar interface, where SGLang is not installed: signatures of 0.5.23, and no more behind them.

`scripts/sglang_environment.sh` runs the same tests against the real classes. `installed()` puts these modules where
`import sglang...` finds them, and takes them away again together with our modules that were built on them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

OURS = "maskwright.integrations.sglang."
SERVING = SimpleNamespace(
    constrained_json_whitespace_pattern=None,
    constrained_json_disable_any_whitespace=False,
    constrained_json_max_whitespace_cnt=None,
    reasoning_parser=None,
    enable_strict_thinking=False,
)


@dataclass
class GrammarStats:
    compilation_time: float | None = None
    is_cache_hit: bool = False
    tree_traversal_time: list[float] = field(default_factory=list)
    dispatch_type: str | None = None


class GrammarRow(NamedTuple):
    row: int
    grammar: Any


class BaseGrammarObject:
    def __init__(self) -> None:
        self._finished = False
        self.grammar_stats: Any = None
        self.current_token: int | None = None

    def maybe_init_reasoning(self, reasoning: bool) -> None:
        pass

    def copy(self) -> Any:
        return self

    @property
    def finished(self) -> bool:
        return self._finished

    @finished.setter
    def finished(self, finished: bool) -> None:
        self._finished = finished


class InvalidGrammarObject(BaseGrammarObject):
    def __init__(self, error_message: str = "Unknown grammar error") -> None:
        super().__init__()
        self.error_message = error_message


class BaseGrammarBackend:
    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor()
        self.cache: dict[tuple[str, str], Any] = {}

    def _init_value_dispatch(self, key: tuple[str, str], require_reasoning: bool) -> Any:
        kind, key_string = key
        return getattr(self, f"dispatch_{kind.removeprefix('full_assistant_')}")(key_string)

    def get_cached_or_future_value(
        self, key: tuple[str, str], require_reasoning: bool
    ) -> tuple[Any | Future[Any], bool]:
        value = self.cache.get(key)
        if value:
            copied = value.copy()
            copied.maybe_init_reasoning(require_reasoning)
            return copied, True
        return self.executor.submit(self._init_value_dispatch, key, require_reasoning), False

    def set_cache(self, key: tuple[str, str], value: Any) -> None:
        self.cache[key] = value

    def reset(self) -> None:
        self.cache.clear()


def modules() -> dict[str, ModuleType]:
    """The modules by name, with fresh registries."""
    registry: dict[str, Any] = {}
    choices = ["xgrammar", "none"]
    contents: dict[str, dict[str, Any]] = {
        "sglang": {},
        "sglang.srt": {},
        "sglang.srt.constrained": {},
        "sglang.srt.constrained.base_grammar_backend": {
            "GRAMMAR_BACKEND_REGISTRY": registry,
            "register_grammar_backend": registry.__setitem__,
        }
        | {
            kind.__name__: kind
            for kind in (BaseGrammarBackend, BaseGrammarObject, GrammarRow, GrammarStats, InvalidGrammarObject)
        },
        "sglang.srt.server_args": {
            "GRAMMAR_BACKEND_CHOICES": choices,
            "add_grammar_backend_choices": choices.extend,
        },
        "sglang.srt.runtime_context": {"get_serving": lambda: SERVING},
    }
    made = {}
    for name, members in contents.items():
        made[name] = ModuleType(name)
        vars(made[name]).update(members, __path__=[])
    return made


@contextmanager
def installed() -> Iterator[None]:
    """SGLang's modules as above, while the context lasts."""
    before = dict(sys.modules)
    sys.modules.update(modules())
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "sglang" or name.startswith(OURS)]:
            if name in before:
                sys.modules[name] = before[name]
            else:
                del sys.modules[name]
