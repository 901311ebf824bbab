"""The bundled model as a GGUF file, for llama.cpp:  python scripts/bundled_model_as_gguf.py tiny-lm.gguf

Needs `gguf` and `safetensors` from PyPI, no torch. llama.cpp's own converter covers all models and needs a checkout of
its repository; this one covers a LLaMA with a byte-level BPE tokenizer, which is all there is to convert.

Two things differ from the file of the weights. llama.cpp rotates neighbouring dimensions of queries and keys where
transformers rotates those half a head apart, so their rows are re-ordered. And the output layer, which shares its
weights with the embeddings, is left out: llama.cpp then takes these.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors import safe_open

import maskwright

FOLDER = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def neighbouring(rows: np.ndarray, n_heads: int) -> np.ndarray:
    """float[n, m] with row i of the second half of each head behind row i of the first."""
    return rows.reshape(n_heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def tensor_name(name: str) -> str:
    """`model.layers.3.mlp.up_proj.weight` -> `blk.3.ffn_up.weight`."""
    if layer := re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.weight", name):
        return f"blk.{layer[1]}.{NAMES[layer[2]]}.weight"
    return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[name]


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Any) -> None:
    model, added = tokenizer["model"], {token["id"]: token for token in tokenizer["added_tokens"]}
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kinds = [
        gguf.TokenType.NORMAL
        if place not in added
        else gguf.TokenType.CONTROL
        if added[place]["special"]
        else gguf.TokenType.USER_DEFINED
        for place in range(len(tokens))
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")  # the pattern that cuts texts is Llama 3's but for contractions
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])


def main(path: str) -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("maskwright tiny-lm")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])
    add_tokenizer(writer, json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8")))
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(True)
    with safe_open(FOLDER / "model.safetensors", "np") as weights:
        for name in weights.keys():  # noqa: SIM118 - it is no mapping
            rows = weights.get_tensor(name).astype(np.float32)  # so that logits are those of transformers in float32
            for kind, n_heads in (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads")):
                if kind in name:
                    rows = neighbouring(rows, config[n_heads])
            writer.add_tensor(tensor_name(name), rows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
