"""The bundled model as an agent, under masks or free.

A prompt is a number of worked examples and a question. `FreeModel` writes freely up to a stop string, for
the monitor; under masks the loop of `integrations.agents` writes. Both ask the same model, with its keys and values
kept, at temperature 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

import maskwright as mw
from bench.behaviour.settings import CONTEXT_TOKENS, Setting
from maskwright.integrations.agents.loop import AgentModel
from maskwright.integrations.agents.reprompting import Completion
from maskwright.integrations.generation import LoadedModel, load_model
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.matching.behaviour.program import Program
from maskwright.sampling.language_model import logits_of


@dataclass(frozen=True, slots=True)
class Agent:
    """A setting, the model, a program for it, and before each trace so many worked examples: documents of their own."""

    setting: Setting
    loaded: LoadedModel
    model: AgentModel
    program: Program
    n_shots: int

    def asked(self, prompt: str) -> AgentModel:
        """The model behind a prompt; a question that a user asks belongs to the trace."""
        head = [] if self.setting.is_asked else encode(self.loaded, prompt)
        return replace(self.model, start=[*self.model.start, *head])


def make_agents(setting: Setting, shot_counts: Sequence[int]) -> Iterator[Agent]:
    """An agent for each number of worked examples."""
    loaded = load_model()
    program = mw.Compiler(loaded.vocabulary).compile_behaviour(setting.spec)
    model = TransformersModel(loaded.model)
    begin, end = loaded.tokenizer.bos_token_id, loaded.tokenizer.eos_token_id
    for n_shots in shot_counts:
        shots = [encode(loaded, text) for text in setting.shots[:n_shots]]
        start = [begin, *(token for shot in shots for token in (*shot, end, begin))]
        agent_model = AgentModel(model, lambda text: encode(loaded, text), start)
        yield Agent(setting, loaded, agent_model, program, n_shots)


def encode(loaded: LoadedModel, text: str) -> list[int]:
    """The tokens of a text within a longer one."""
    tokens: list[int] = loaded.tokenizer.encode(text, add_special_tokens=False)
    return tokens


class FreeModel:
    """The model without masks, as `run_with_reprompts` asks it.

    Changes: n_tokens is how many it may still write, n_requests how often it was asked. Instructions are not shown to
    it, as it follows none; one that is not to be asked again says nothing after the first of them. Blanks at the end of
    a prompt are left to it, since its tokens begin with them.
    """

    def __init__(self, agent: Agent, prompt: str, n_tokens: int, seed: int, *, is_asked_again: bool) -> None:
        self._agent = agent
        self._start = agent.asked(prompt).start
        self._ends = agent.loaded.vocabulary.eos_token_ids
        self._rng = np.random.default_rng(seed)
        self._is_asked_again = is_asked_again
        self.n_tokens = n_tokens
        self.n_requests = 0

    def __call__(self, prompt: str, stops: tuple[str, ...], instruction: str) -> Completion:
        """What it writes up to a stop string, its end token, or its last token."""
        if instruction and not self._is_asked_again:
            return Completion("", is_cut=True)
        self.n_requests += 1
        loaded = self._agent.loaded
        begun = prompt.rstrip(" ")
        tokens = [*self._start, *encode(loaded, begun)]
        n_before, text = len(tokens), ""
        while self.n_tokens > 0 and len(tokens) < CONTEXT_TOKENS:
            token = self._draw(tokens)
            self.n_tokens -= 1
            tokens.append(token)
            if token in self._ends:
                return Completion(text, "", len(tokens) - n_before)
            text = loaded.vocabulary.decode(tokens[n_before:]).decode("utf-8", "replace")
            text = text.removeprefix(prompt[len(begun) :])
            for stop in stops:
                before, found, _ = text.partition(stop)
                if found:
                    return Completion(before, stop, len(tokens) - n_before)
        return Completion(text, "", len(tokens) - n_before, is_cut=True)

    def _draw(self, tokens: list[int]) -> int:
        (logits,) = logits_of(self._agent.model.model, [tokens])
        weights = np.exp(np.asarray(logits, np.float64) - np.max(logits))
        return int(self._rng.choice(len(weights), p=weights / weights.sum()))
