"""Function calling: from tools to the grammar of the replies that call them, and back from a reply to its calls.

Read in this order: `call_format` (what a format is), `formats` (all of them), `tools`, `choice` (what is asked for) ->
`argument_grammar`, `reply_grammar` (the grammar).

The way back: `reply` (events, what is read), `source` (a text that arrives in pieces), `value_types` ->
`gemma_reading`, `argument_reading`, `call_reading`, `layout_reading` -> `reader`. `faults` are the errors of all of it.
"""
