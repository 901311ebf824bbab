"""Function calling: from tools to the grammar of the replies that call them, and back from a reply to its calls.

Read in this order: `call_format` (what a format is), `formats` (all of them), `tools`, `choice` (what is asked for).

The grammar: `argument_grammar`, `call_grammar` -> `prose_grammar`, `channel_grammar` (the two layouts) ->
`reply_grammar`.

The way back: `reply` (events, what is read), `source` (a text that arrives in pieces), `value_types`,
`gemma_reading` -> `argument_reading` -> `call_reading` -> `prose_reading`, `channel_reading` -> `reply_reading` ->
`reader`.

`faults` are the errors of all of it, `refusals` how errors about schemas become such.
"""
