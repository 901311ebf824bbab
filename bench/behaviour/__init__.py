"""Behaviour specifications measured: what rules, masks and budgets cost, and what they buy.

`python -m bench.behaviour` prints tables and writes a Markdown and a JSON file. Files in reading order:

    examples.py          the five specifications of the documentation, and rules to add to them
    traces.py            scripts of traces, and a session that follows one
    masks.py             time of a mask and of a token, first met and met again; with 25 more rules
    compiling.py         time of policies and programs, sizes of automata
    blow_up.py           specifications whose automata could grow without end
    rule_pairs.py        25 rules in two languages, ours and that of AgentLTL
    peer.py              AgentLTL, if it is installed: evaluated after every step
    stepping.py          the same rules as automata: alone, as a policy, and as masks
    settings.py          two agents: specification, examples, questions, tools
    tiny_agent.py        the bundled model as either of them, under masks or free
    validity.py          valid traces with masks, without, and with a monitor that asks again
    react_loop.py        whole runs of an agent: all valid, all within the budget
    interference.py      a specification that permits everything changes nothing
    logic.py             formulas and patterns: sizes and times
    report.py            figures -> tables
"""
