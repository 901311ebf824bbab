"""What changes logits before the mask. In reading order: transform, the truncations, then what adapts to the text.

`distributions` (what a row is), `transform` (protocol, chains), `temperature`, `top_k`, `top_p`, `min_p`, `mirostat`,
`context_aware` (CAD, AdaCAD), `adadec`, `ead`, `grad`, `transformed_model` (a changed model as the target).
"""

from maskwright.sampling.logits.adadec import AdaDec, learned_threshold
from maskwright.sampling.logits.context_aware import CAD, AdaCAD, OtherPrompt
from maskwright.sampling.logits.ead import EAD, EADState
from maskwright.sampling.logits.grad import GRAD, TransitionGraph
from maskwright.sampling.logits.min_p import MinP
from maskwright.sampling.logits.mirostat import Mirostat, MirostatState
from maskwright.sampling.logits.temperature import Temperature
from maskwright.sampling.logits.top_k import TopK
from maskwright.sampling.logits.top_p import TopP
from maskwright.sampling.logits.transform import Context, LogitsTransform, StatelessTransform, chain
from maskwright.sampling.logits.transformed_model import TransformedModel

__all__ = [
    "CAD",
    "EAD",
    "GRAD",
    "AdaCAD",
    "AdaDec",
    "Context",
    "EADState",
    "LogitsTransform",
    "MinP",
    "Mirostat",
    "MirostatState",
    "OtherPrompt",
    "StatelessTransform",
    "Temperature",
    "TopK",
    "TopP",
    "TransformedModel",
    "TransitionGraph",
    "chain",
    "learned_threshold",
]
