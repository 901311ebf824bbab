"""What SGLang's processes load, and that nothing is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any


def test_registering_adds_a_choice_once(host: Any) -> None:
    host.plugin.register()
    host.plugin.register()
    assert host.server_args.GRAMMAR_BACKEND_CHOICES.count("maskwright") == 1
    assert host.base.GRAMMAR_BACKEND_REGISTRY["maskwright"] is host.plugin.create_backend


def test_the_plugin_imports_nothing_of_the_engine() -> None:
    program = (
        "import sys; from maskwright.integrations.sglang.plugin import register; "
        "assert not {'sglang', 'torch', 'numba', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
