"""What behaviour specifications cost. Each file is one program: `python -m bench.behaviour.logic`.

logic.py                formulas -> automata
"""
