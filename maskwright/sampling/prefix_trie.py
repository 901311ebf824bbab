"""The prefix trie: what sampling has learnt about a target, as upper bounds on expected futures.

The expected future of a prefix u is the model's mass of all completions that are texts of the language:

    c(u) = Σ_a p(a | u) c(ua),   c(u) = 1 for a text with its end token

so that c(ε) = Z, and π(a | u) = p(a | u) c(ua) / c(u).

The trie keeps a bound ĉ(u) >= c(u): 1 where nothing is known, and for a prefix whose mask has been seen

    ĉ(u) = rest(u) + Σ_{a a child} p(a | u) ĉ(ua),   rest(u) = Σ p(a | u) over the allowed tokens that are no child

Bounds only fall, towards c; ĉ(ε) falls towards Z. One trie serves four methods, which differ in what they do at a
prefix whose mask is seen for the first time: CARS tosses a coin (`cars.py`), ASAp and SMC go on and keep a weight
(`asap.py`, `TrieProposal`), soft targets put a factor on each edge (`soft_targets.py`); search takes log ĉ as its
bound.

Sources: ASAp, Park et al., NeurIPS 2024 (arXiv 2405.21047), section 4; CARS, arXiv 2510.01902, whose set of invalid
prefixes gives the same recursion.

The freeze rule. What is learnt while texts are drawn must not alter those draws. So steps only read the trie and
return lessons, and `learn` puts a batch of them in afterwards.

Cost: 8 numbers and a dictionary entry for a prefix that was visited, whatever the vocabulary's size; rest(u) is one
number, computed from the row when a child is added, never by subtraction, which would lose all digits where nearly
everything is known to be dead. Beyond `max_nodes` nothing is added and all bounds stay valid.

Rejected: two vectors of the vocabulary's size at each node, as in the reference code (1.2 MB a node); a row cache
inside the trie (`CachedModel` is one for every method).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from maskwright.errors import InvalidOption
from maskwright.sampling.target import Target

MAX_NODES = 2_000_000
"""About a gigabyte."""

SUBJECT = ("prompt", "budget", "end tokens", "soft target")

Text = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Child:
    """An edge that a lesson adds.

    log_p: of the token.  log_factor: of a soft target, by which all that follows is multiplied; −inf for a dead token.
    """

    log_p: float
    log_factor: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one step learnt at one prefix.

    children: new ones only.  log_rest: log of the mass of the allowed tokens that are no child now.
    n_known: how many children the prefix had when this was learnt.
    """

    prefix: Text
    children: Mapping[int, Child]
    log_rest: float
    n_known: int


@dataclass(slots=True)
class Node:
    """A prefix.  is_seen: its mask is known; otherwise log_rest means nothing, and its future is its factor alone."""

    parent: int
    token: int
    log_p: float
    log_future: float
    log_factor: float = 0.0
    log_rest: float = 0.0
    is_seen: bool = False
    children: dict[int, int] = field(default_factory=dict)


@final
class PrefixTrie:
    """Bounds on expected futures; changes by `learn` only.  Node 0 is the empty prefix.

    max_nodes: where it stops growing.  It belongs to one target: model, grammar, prompt and budget.
    """

    def __init__(self, max_nodes: int = MAX_NODES) -> None:
        if max_nodes < 1:
            raise InvalidOption("max_nodes", max_nodes, "at least 1")
        self.max_nodes = max_nodes
        self.nodes: list[Node] = [Node(-1, -1, 0.0, 0.0)]
        self.knows_masks: bool | None = None
        """Do bounds leave out forbidden tokens (or only those that were drawn, see `Learning`)? None if never used."""
        self._subject: tuple[object, ...] | None = None

    def __len__(self) -> int:
        return len(self.nodes)

    def use_for(self, target: Target, soft: object = None, *, knows_masks: bool = True) -> None:
        """Say what the trie is used for, as every sampler does; `InvalidOption` if it was learnt from something else.

        Prompt, budget, end tokens, soft target and way of learning are compared with those of the first use. Model and
        grammar are the caller's word, since it cannot be seen that two of them are the same.
        """
        subject = (target.prompt_ids, target.max_tokens, target.eos_token_ids, soft)
        for name, known, wanted in zip(SUBJECT, self._subject or subject, subject, strict=True):
            if known != wanted:
                raise InvalidOption("trie", self, f"one of the same {name}: it was learnt from another")
        if self.knows_masks not in {None, knows_masks}:
            raise InvalidOption("trie", self, "one that was learnt in the same way: from masks, or from failures only")
        self._subject, self.knows_masks = subject, knows_masks

    def __repr__(self) -> str:
        return f"<PrefixTrie of {len(self)} prefixes>"

    @property
    def log_root(self) -> float:
        """log ĉ(ε), an upper bound of log Z that falls as texts are drawn."""
        return self.nodes[0].log_future

    def find(self, prefix: Sequence[int]) -> Node | None:
        """The node of a prefix (the tokens of the text, without the prompt), if there is one."""
        node = self.nodes[0]
        for token in prefix:
            child = node.children.get(token)
            if child is None:
                return None
            node = self.nodes[child]
        return node

    def log_future(self, prefix: Sequence[int]) -> float:
        """log ĉ of a prefix; 0 where nothing is known."""
        node = self.nodes[0]
        for token in prefix:
            child = node.children.get(token)
            if child is None:
                # Behind a prefix that is dead all are.
                return node.log_future if node.log_future == -math.inf else 0.0
            node = self.nodes[child]
        return node.log_future

    def learn(self, lessons: Iterable[Lesson]) -> None:
        """Put in what a batch of steps has learnt, and set all bounds above it anew.

        A lesson whose prefix has gained children since is dropped: its rest would count them twice.
        """
        touched: set[int] = set()
        for lesson in sorted(lessons, key=lambda lesson: len(lesson.prefix)):
            place = self._place(lesson.prefix)
            if place is None or len(self.nodes) + len(lesson.children) > self.max_nodes:
                continue
            node = self.nodes[place]
            if len(node.children) != lesson.n_known:
                continue
            touched.add(place)
            node.is_seen, node.log_rest = True, lesson.log_rest
            for token, child in lesson.children.items():
                node.children[token] = len(self.nodes)
                self.nodes.append(Node(place, token, child.log_p, child.log_factor, child.log_factor))
        self._set_bounds(touched)

    def _place(self, prefix: Text) -> int | None:
        place = 0
        for token in prefix:
            child = self.nodes[place].children.get(token)
            if child is None:
                return None
            place = child
        return place

    def _set_bounds(self, touched: set[int]) -> None:
        """From the leaves to the root: a child has a larger number than its parent, so the largest comes first."""
        heap = [-place for place in touched]
        heapq.heapify(heap)
        while heap:
            node = self.nodes[-heapq.heappop(heap)]
            node.log_future = node.log_factor + self._log_sum(node)
            if node.parent >= 0 and node.parent not in touched:
                touched.add(node.parent)
                heapq.heappush(heap, -node.parent)

    def _log_sum(self, node: Node) -> float:
        children = [self.nodes[place] for place in node.children.values()]
        shares = [node.log_rest, *(child.log_p + child.log_future for child in children)]
        top = max(shares)
        return top if top == -math.inf else top + math.log(sum(math.exp(share - top) for share in shares))
