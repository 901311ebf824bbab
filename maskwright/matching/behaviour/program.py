"""A behaviour specification compiled for one vocabulary: `start()` begins a trace.

    program = compiler.compile_behaviour(spec)
    session = program.start()
    session.observe("What is 6 * 7?")          # the user's segment
    session.fill_bitmask(row); session.accept_token(token) ...

What is decided before the first token: that the specification can be followed against its declared environment
(`policy`), that the vocabulary can spell it, and that the budget is enough: `least_budget` tokens always suffice, and a
smaller budget is an error that names it.

A specification in which values or earlier texts matter has a grammar for each session, because its rules hold what was
said; all others share one, with its masks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from maskwright.automata.passes import prepare
from maskwright.errors import BudgetTooSmall, VocabularyGap
from maskwright.grammar.behaviour.analysis.judge import Judge
from maskwright.grammar.behaviour.grounding.reading import Reader
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Budget, Segment, Spec, Writer
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar
from maskwright.locks import Rank, shared_lock
from maskwright.matching.behaviour.outlook import Outlook
from maskwright.matching.behaviour.prices import Prices
from maskwright.matching.behaviour.session import Session
from maskwright.matching.behaviour.spellings import spellings_of
from maskwright.matching.behaviour.trace_rules import BodyKey, TraceRules
from maskwright.matching.bitmask import n_mask_words, set_bits
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_gap import close_gaps


class Program:
    """See the module; thread-safe, and so are its sessions among each other. Made by `Compiler.compile_behaviour`.

    `policy` is the automaton of flow and rules, `budget` what holds (the specification's, or another one), and
    `least_budget` a number of tokens that suffices for any trace, in the worst case over what others write: the least
    of all if `is_exact`, else the sum over segments. `smallest_limit`: the least `max_tokens` of the model's segments.
    """

    def __init__(self, policy: Policy, tables: MaskTables, *, max_bytes: int, budget: Budget | None = None) -> None:
        self.policy = policy
        self.vocabulary: Vocabulary = tables.vocabulary
        self.budget = policy.spec.budget if budget is None else budget
        self.lock = shared_lock(Rank.PROGRAM)
        self.spellings = spellings_of(tables.vocabulary)
        self.reader = Reader(policy.spec)
        self.end_row = np.zeros(n_mask_words(tables.vocabulary.size), np.int32)
        set_bits(self.end_row, tables.vocabulary.eos_token_ids)
        self._tables = tables
        self._max_bytes = max_bytes
        self._prepared: dict[BodyKey, Grammar] = {}
        self.prices = Prices(policy, self.spellings, self.budget)
        self.is_about_values = any(policy.is_about_values(letter) for letter in range(len(policy.letters)))
        self.smallest_limit = min(
            [s.max_tokens for s in policy.spec.segments if s.max_tokens and _is_own(s)], default=None
        )
        if self.is_about_values and tables.vocabulary.missing_bytes:
            self._check_gaps()
        self._shared = None if self.is_about_values else self.new_grammar()
        exact = None
        is_small = policy.is_complete and self.smallest_limit is None and self.budget.context_tokens is None
        if self._shared is not None and is_small:
            exact = self._shared[2].make_exact()
        self.is_exact = exact is not None
        self.least_budget = self.prices.at(policy.begin()) if exact is None else exact
        self._check_budget()

    @property
    def spec(self) -> Spec:
        """The specification."""
        return self.policy.spec

    def start(self, *, n_prompt_tokens: int = 0, count_tokens: Callable[[str], int] | None = None) -> Session:
        """Begin a trace; tokens that are in the context already count against a budget of context tokens.

        count_tokens: how many tokens a text of others takes, for budgets and limits; without it, the fewest that spell
        it are counted.
        """
        with self.lock:
            rules, grammar, outlook = self._shared or self.new_grammar()
        return Session(self, rules, grammar, outlook, n_prompt_tokens, count_tokens)

    @cached_property
    def judge(self) -> Judge:
        """The specification, ready for verdicts on traces."""
        return Judge.of(self.spec)

    def new_grammar(self) -> tuple[TraceRules, CompiledGrammar, Outlook]:
        """The grammar of traces, with nothing in it yet."""
        rules = TraceRules(self.policy, self.vocabulary, self._prepared)
        grammar = CompiledGrammar(rules.grammar(), self._tables, max_bytes=self._max_bytes, has_gaps_closed=True)
        return rules, grammar, Outlook(grammar, rules, self.spellings, self.prices)

    def _check_gaps(self) -> None:
        """Raise VocabularyGap if the vocabulary takes texts away: which values are left must be known beforehand."""
        bodies = self.policy.bodies
        for letter, one in enumerate(bodies.letters):
            if self.policy.is_about_values(letter):
                grammar = bodies.grammar(one.segment, frozenset([letter]))
                prepared = None if grammar is None else prepare(concatenation([grammar]))
                if prepared is not None and close_gaps(prepared, self.vocabulary) is not prepared:
                    raise VocabularyGap(self.vocabulary.missing_bytes)

    def _check_budget(self) -> None:
        for kind in ("generated_tokens", "context_tokens"):
            allowed = getattr(self.budget, kind)
            if allowed is not None and allowed < self.least_budget:
                raise BudgetTooSmall(
                    allowed, f"a trace of {self.spec.name} can need {self.least_budget} {kind.replace('_', ' ')}"
                )


def _is_own(segment: Segment) -> bool:
    return segment.writer is Writer.MODEL
