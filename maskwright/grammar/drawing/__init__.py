"""Automata as pictures: `picture` (values) → `dot` (text for graphviz), `layers` (where everything lies) → `svg`.

`labels` says what a part of a rule reads, and `rules` draws the rules of a grammar; other automata are drawn where they
are: `automata.drawing`, `behaviour.analysis.drawing`.
"""
