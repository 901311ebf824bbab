"""SGLang's grammar backend: `--grammar-backend maskwright`.

In reading order: `plugin` (what SGLang's processes load), `backend` (specifications in, grammar objects out),
`structural_tags` (SGLang's dialect of them), `grammar_object` (one request's text), `masks` (bitmasks as tensors).
Only `plugin` may be imported without SGLang.
"""

from maskwright.integrations.sglang.plugin import NAME, register

__all__ = ["NAME", "register"]
