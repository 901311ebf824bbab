"""The same as the plug-in without wrapping anything in the engine: `LLM(..., scheduler_cls=MaskwrightScheduler)`.

    vllm serve MODEL --scheduler-cls maskwright.integrations.vllm.scheduler.MaskwrightScheduler

It serves all structured outputs but those of requests that name another engine. The front end stays vLLM's own, so
requests are checked by vLLM's engines first: what these refuse never gets here, and what only this library refuses
ends as an error of that request instead of an HTTP 400. Behaviour specifications need the plug-in.
"""

from __future__ import annotations

from typing import Any

from vllm.v1.core.sched.async_scheduler import AsyncScheduler

from maskwright.integrations.vllm.plugin import check_host, install


class MaskwrightScheduler(AsyncScheduler):  # type: ignore[misc]
    """vLLM's scheduler, whose manager of structured outputs has this library's backend."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        check_host()
        super().__init__(*arguments, **options)
        install(self.structured_output_manager, is_default=True)
