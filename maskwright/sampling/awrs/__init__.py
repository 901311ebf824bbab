"""Adaptive weighted rejection sampling: tokens that pass a Python predicate, with unbiased weights, by few checks.

A mask says at once which tokens a grammar allows. A type checker, a validator or any other predicate must be asked
about each token; asking about all is too much, and asking until one passes bends the distribution unless its weight
says by how much. The constraint here is `mask AND checker`: the mask's part stays exact, the checker's is estimated.

    proposal = CheckedProposal(Checker(prefix=starts_well, complete=compiles), vocabulary.decode)

Source: Lipkin et al., "Fast Controlled Generation from Language Models with Adaptive Weighted Rejection Sampling",
COLM 2025 (arXiv 2504.05410).

Reading order: `checker` (predicates, verdicts), `draws` and `estimate` (what an estimator sees and gives),
`two_pass`, `recursive`, `geometric` with `repeats`, `priority` (the estimators), `proposal` (all drafts of a step),
`thread_pool`, `process_pool` (checks side by side, with time-outs).
"""
