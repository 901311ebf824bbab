"""Infilling measured: what exact masks cost, what they are worth, and what a masked model makes of them.

`python -m bench.infilling` prints tables and writes a Markdown and a JSON file. Files in reading order:

    material.py     the tokenizers at hand and a larger one, the grammars, kernels made ready
    timing.py       wall and processor time side by side, medians, and how busy the machine is
    limited.py      a measurement in a process of its own, ended when it takes too long
    speed.py        masks of a canvas that is all open, the first and the next time, and after each choice
    proposals.py    fifty proposals answered one by one, beside the masks that answer them all
    joint.py        choices for many slots at once, each legal by itself: how often they agree
    additive.py     what a test that leaves the length of gaps open allows, though its slots cannot hold it
    denoising.py    the bundled masked model with and without a grammar, by scheduler
    blow_up.py      long runs of comment signs with holes
    published.py    figures of others, quoted and never measured here
    report.py       figures -> tables
"""
