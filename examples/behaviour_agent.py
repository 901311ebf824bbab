"""An agent that keeps rules: a behaviour specification, a tool, and a model whose tokens the specification masks.

The model must multiply before it answers, at most twice, and is always done within its budget. The bundled model knows
nothing of arithmetic, so its answer is nonsense; that it comes last, and after a product, is what the rules ask for.
The rule `plan` is only a warning: it does not change masks, and its verdict tells whether it was kept.
"""

from __future__ import annotations

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.integrations.agents.loop import AgentModel, AgentOptions, run_agent
from maskwright.integrations.agents.responding import Responder
from maskwright.integrations.agents.tools import Tool, Tools
from maskwright.integrations.generation import load_model
from maskwright.integrations.transformers_model import TransformersModel

SPECIFICATION = r"""
tools: {multiply: {a: integer, b: integer}}
segments:
  question: {open: "[Question] ", writer: user, max_tokens: 40}
  thought:  {open: "\n[Thought] ", text: {regex: "[A-Za-z ,.]{1,40}"}}
  call:     {open: "\n[Call] ", text: {tools: tools}, max_tokens: 60}
  result:   {open: "\n[Result] ", writer: env, max_tokens: 40}
  answer:   {open: "\n[Answer] ", text: {regex: "[^\\n]{1,40}"}}
flow: question (thought | call result){0,6} answer
rules:
  - {id: look, only_after: {do: answer, need: 'call(multiply)'}, why: models are bad at arithmetic}
  - {id: cap, at_most: {n: 2, of: 'call(multiply)'}}
  - {id: brief, at_most: {n: 2, of: thought}}
  - {id: plan, next_is: {when: question, then: thought}, level: warn}
budget: {generated_tokens: 150}
"""


def multiply(a: int, b: int) -> int:
    """The product of two numbers."""
    return a * b


def main() -> None:
    loaded = load_model()
    program = mw.Compiler(loaded.vocabulary).compile_behaviour(Spec.from_yaml(SPECIFICATION, "arithmetic"))
    model = AgentModel(
        TransformersModel(loaded.model),
        encode=lambda text: loaded.tokenizer.encode(text, add_special_tokens=False),
        start=loaded.tokenizer.encode("Answer with the help of tools.\n"),
    )
    responder = Responder(Tools([Tool.of(multiply)]), {"question": ["What is 6 * 7?"]})
    run = run_agent(program, model, responder, AgentOptions(temperature=0.5, seed=0))
    print(run.text)
    print(f"--- {run.ending.value}; the budget leaves {run.session.remaining()} tokens")
    for verdict in run.session.verdicts().rules:
        print(verdict)


if __name__ == "__main__":
    main()
