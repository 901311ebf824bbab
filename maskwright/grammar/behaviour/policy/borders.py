"""Can everybody tell where one segment ends and the next one begins? Asked of the flow, before anything else.

A segment without opener must not follow one without closer. And where both the model and others may go on, others'
segments need openers: writing one is how the model hands over.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.components import Component
from maskwright.grammar.behaviour.specification.spec import Spec, Writer


def check_borders(spec: Spec, flow: Component, alphabet: Sequence[Letter]) -> None:
    """Raise SpecError where a border would be nowhere."""
    segments = {segment.name: segment for segment in spec.segments}
    dfa, live = flow.dfa, flow.dfa.live
    names = [letter.segment for letter in alphabet]
    before: dict[int, set[str]] = {}
    for state in range(dfa.n_states):
        for name, column in zip(names, flow.columns.tolist(), strict=True):
            before.setdefault(dfa.step(state, column), set()).add(name)
    for state in range(dfa.n_states):
        columns = zip(names, flow.columns.tolist(), strict=True)
        following = {name for name, column in columns if live[dfa.step(state, column)]}
        unopened = sorted(name for name in following if not segments[name].open)
        unclosed = sorted(name for name in before.get(state, ()) if not segments[name].close)
        if unopened and unclosed:
            raise SpecError(
                f"segment '{unopened[0]}' has no opener and may follow '{unclosed[0]}', which has no closer, so nobody "
                "could tell where that one ends; give one of them a delimiter",
                spec.name,
            )
        has_own = any(segments[name].writer is Writer.MODEL for name in following)
        others = [name for name in unopened if segments[name].writer is not Writer.MODEL]
        if has_own and others:
            raise SpecError(
                f"where the model may go on or '{others[0]}' may follow, the model hands over by writing an opener; "
                f"give '{others[0]}' one",
                spec.name,
            )
