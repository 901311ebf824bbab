"""Generation with transformers: which modes keep to a grammar, and what a grammar costs.

Each program runs the bundled model on one pinned core, with one thread, prints tables and writes them to bench/results.
In reading order:

    material.py    the model, the schemas, the command line that the programs share
    processors.py  logits processors of maskwright, XGrammar and llguidance, made anew for each call
    modes.py       a program: every mode of generation with every schema, valid or not, ours beside XGrammar's processor
    overhead.py    a program: seconds a step costs with a grammar and without, and jump-forward
"""
