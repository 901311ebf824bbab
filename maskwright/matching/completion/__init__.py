"""The fewest tokens that complete a text, and matchers that keep a budget by it.

Reading order: `_suffixes`, `suffixes` (what is left of tokens when a rule ends inside of them), `_search` (the kernel),
`least_tokens` (costs of places), `outlook` (costs behind all tokens of a mask), `budgeted` (the matcher).
"""
