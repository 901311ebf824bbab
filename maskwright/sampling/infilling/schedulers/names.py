"""The schedulers by the names of the command line; each can be made without options.

scheduler = SCHEDULERS["confidence_threshold"](threshold=0.8)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from maskwright.sampling.infilling.schedulers.ada_block import AdaBlock
from maskwright.sampling.infilling.schedulers.ccd import CCD
from maskwright.sampling.infilling.schedulers.confidence_threshold import ConfidenceThreshold
from maskwright.sampling.infilling.schedulers.entropy_bounded import EntropyBounded
from maskwright.sampling.infilling.schedulers.learn2pd import Learn2PD
from maskwright.sampling.infilling.schedulers.local_leap import LocalLeap
from maskwright.sampling.infilling.schedulers.prophet import Prophet
from maskwright.sampling.infilling.schedulers.protocol import Scheduler
from maskwright.sampling.infilling.schedulers.top_k import TopK

SCHEDULERS: Final[Mapping[str, Callable[..., Scheduler[Any]]]] = MappingProxyType(
    {
        "top_k": TopK,
        "confidence_threshold": ConfidenceThreshold,
        "local_leap": LocalLeap,
        "ada_block": AdaBlock,
        "ccd": CCD,
        "entropy_bounded": EntropyBounded,
        "prophet": Prophet,
        "learn2pd": Learn2PD,
    }
)
