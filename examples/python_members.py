"""Attribute names that exist: the bundled model completes Python code, with and without a monitor.

The grammar allows any name behind the dot. The monitor asks jedi which members the object has, and lets the model write
no others. It needs the extras `hf` and `monitors`.
"""

from __future__ import annotations

import maskwright as mw
from maskwright.integrations.generation import LoadedModel, load_model
from maskwright.integrations.python_members import PythonMembers
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.sampling.masked_decoding import DecodingOptions, decode, greedy
from maskwright.sampling.monitors import MonitoredMatcher, NamesAfterTriggers
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target, VocabularyMatcher

PROMPT = """\
class Order:
    def __init__(self, price: float, customer: str) -> None:
        self.price = price
        self.customer = customer


def label(order: Order) -> str:
    return order."""


def most_probable(loaded: LoadedModel, matcher: VocabularyMatcher) -> str:
    """What the model writes behind the prompt if it always takes the most probable token that is allowed."""
    target = Target.of(TransformersModel(loaded.model), loaded.tokenizer(PROMPT)["input_ids"], matcher, max_tokens=25)
    decoded = decode(RandomKey.from_seed(0), target, DecodingOptions(chooses=greedy))
    ending = "" if decoded.ending is Ending.FINISHED else f"  ({decoded.ending.value})"
    return loaded.vocabulary.decode(target.without_end(decoded.token_ids)).decode() + ending


def main() -> None:
    loaded = load_model()
    compiler = mw.Compiler(loaded.vocabulary)
    grammar = compiler.compile_regex(r"[a-z_]{1,12}\.[a-z_]{1,12}")
    print(PROMPT)
    print(f"  by the grammar alone:    order.{most_probable(loaded, grammar.matcher())}")
    with NamesAfterTriggers(compiler, PythonMembers()) as names:
        monitor = names.monitor(before=PROMPT.encode())
        matcher = MonitoredMatcher(grammar.matcher(), monitor, loaded.vocabulary)
        print(f"  with jedi's members:     order.{most_probable(loaded, matcher)}")
        print(f"  {names.report}")


if __name__ == "__main__":
    main()
