"""Agents under behaviour specifications: a model writes, local tools answer, the specification holds.

In reading order: `calculator`, `document_search` (tools), `tools` (named functions), `responding` (who answers a
handover), `transcript`, `loop` (a model, a program and those who answer), `voting` (the answer that most runs give),
`reprompting` (the loop with a model that only an API reaches: free text, checked by the monitor of
`maskwright.grammar.behaviour.monitor`), and `completing` (a local model that is asked like that).
"""
