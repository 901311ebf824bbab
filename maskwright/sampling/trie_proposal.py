"""The prefix trie as proposal and twist of SMC: particles go where the language has its mass, and weights go flat.

    guide = TrieGuide(trie)
    smc(key, target, SMCOptions(proposal=guide.propose, twist=guide.twist)); guide.learn()

Idea (ours, `docs/sampling.md`): ψ(u) = ĉ(u) is an upper bound of what SMC would need to know, the expected future.
Tokens are drawn by p(a | u) ĉ(ua), intermediate targets are multiplied by ĉ, so that a step at a prefix that was seen
before does not change a weight at all. The trie is frozen within a run, which keeps Ẑ unbiased, and learns between
runs: its spread falls run by run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from maskwright.sampling.prefix_trie import Lesson, PrefixTrie
from maskwright.sampling.proposal import Proposed
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Draft
from maskwright.sampling.trie_steps import trie_step


@final
class TrieGuide:
    """A trie and what the present run has learnt; `learn` puts that in once the run is over."""

    def __init__(self, trie: PrefixTrie) -> None:
        self.trie = trie
        self._lessons: list[Lesson] = []

    def propose(self, keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
        """A `Proposal`: tokens by p(a | u) ĉ(ua)."""
        step = trie_step(self.trie, keys, drafts, rows)
        self._lessons += step.lessons
        return step.proposed

    def twist(self, drafts: Sequence[Draft]) -> list[float]:
        """log ĉ of each draft; 0 for a finished one."""
        return [self.trie.log_future(draft.token_ids) for draft in drafts]

    def learn(self) -> None:
        """Put in what the run has learnt."""
        self.trie.learn(self._lessons)
        self._lessons.clear()
