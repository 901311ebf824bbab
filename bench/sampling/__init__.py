"""Sampling side by side: maskwright and genlm-control, what it costs and how close it comes to the target.

`python -m bench.sampling` measures three things and writes a Markdown and a JSON file. Files in reading order:

    runs.py              runs of particle samplers, in turns and timed
    table_lm.py          what sampling itself costs: the model is a table
    random_gpt2.py       a whole run, model included
    tasks.py             three small languages from schemas/sampling/
    counting_model.py    a model that counts what it is asked
    reference.py         the target, found by mass
    distances.py         total variation and KL, and what exact draws would have
    method.py            what is asked of a method
    quality.py           methods -> figures
    ours.py              the samplers of maskwright
    our_methods.py       and its methods, for quality
    genlm.py             the samplers of genlm-control, for both
    report.py            figures -> tables
"""
