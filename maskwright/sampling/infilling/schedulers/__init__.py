"""Unmasking schedulers: which slots of a canvas are committed next, read off constrained marginals.

In reading order: `protocol` (what is seen and proposed), `choosing`, `top_k`, `confidence_threshold`, `local_leap`,
`entropy_bounded`, `prophet`, `delimiters`, `ada_block`, `ccd`, `finality`, `learn2pd`, `names` (the table of them all).
"""

from maskwright.sampling.infilling.schedulers.ada_block import AdaBlock
from maskwright.sampling.infilling.schedulers.ccd import CCD
from maskwright.sampling.infilling.schedulers.confidence_threshold import ConfidenceThreshold
from maskwright.sampling.infilling.schedulers.delimiters import Delimiters, delimiters_of
from maskwright.sampling.infilling.schedulers.entropy_bounded import EntropyBounded, calibrated_bound
from maskwright.sampling.infilling.schedulers.finality import FinalityRecord
from maskwright.sampling.infilling.schedulers.learn2pd import Learn2PD
from maskwright.sampling.infilling.schedulers.local_leap import LocalLeap
from maskwright.sampling.infilling.schedulers.names import SCHEDULERS
from maskwright.sampling.infilling.schedulers.prophet import Prophet
from maskwright.sampling.infilling.schedulers.protocol import Proposal, Scheduler, StepView
from maskwright.sampling.infilling.schedulers.top_k import TopK

__all__ = [
    "CCD",
    "SCHEDULERS",
    "AdaBlock",
    "ConfidenceThreshold",
    "Delimiters",
    "EntropyBounded",
    "FinalityRecord",
    "Learn2PD",
    "LocalLeap",
    "Prophet",
    "Proposal",
    "Scheduler",
    "StepView",
    "TopK",
    "calibrated_bound",
    "delimiters_of",
]
