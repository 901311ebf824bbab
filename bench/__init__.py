"""Compares maskwright with other engines for structured generation: compile time, mask time, verdicts, memory.

Run `python -m bench --help`, or `make bench`. Files in reading order:

    cases.py       case files (MaskBench's format): a schema, and instances with the verdict they deserve
    tokenizer.py   the tokenizer that all engines share, read from a Hugging Face folder
    engines/       one small adapter per engine behind the protocol of engines/protocol.py
    measure.py     the protocol: one engine, one case, every token of every instance
    worker.py      a child process per engine, pinned to one core, with a time limit per case, replaced when it dies
    summary.py     records -> figures: percentiles, verdicts, reasons of refusal
    report.py      figures -> tables in the terminal and a JSON file
    plot.py        figures -> PNGs
    workloads/     synthetic cases, each of which hurts some engine; the large ones are made when they are run
    batch.py       a program of its own: batches of sequences in step; its protocol is in batch_measure.py
    scaling.py     a program of its own: cost against the size of vocabulary and schema
    flame.py       a program of its own: where the time goes, drawn
    guard.py       a program of its own: operations, and on request instructions, against a committed baseline
    sampling/      a package of its own: samplers beside genlm-control, what they cost and how close they come
    transformers/  a package of its own: modes of generation, and what a grammar adds to a step
    vllm_masks.py  a program of its own: masks inside vLLM, beside its own engines
    draft_trees.py a program of its own: trees of drafts judged in one call
    device_masks.py, device_traffic.py   programs of their own: masks over logits, and what a step sends to a device
    grammars.py    a program of its own: whole languages as Lark grammars, and grammar_figures.py with its tables
"""
