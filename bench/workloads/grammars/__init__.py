"""Grammars with texts, for `python -m bench.grammars`.

`cases` puts them together; `python_texts`, `sql_texts`, `json_texts` and `c_like_texts` find or write the texts; the
grammars lie beside them.
"""
