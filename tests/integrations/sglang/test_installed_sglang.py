"""Against SGLang itself, where its grammar layer can be imported (`scripts/sglang_environment.sh`).

The other files of this folder run against its base classes then. Here is what a stand-in cannot have: the walk over
draft trees as SGLang has it, the factory that a scheduler calls, its wrapper for reasoning, its entry points.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import numpy as np
import pytest

from maskwright import allowed_tokens
from tests.integrations.sglang import draft_trees
from tests.integrations.sglang.conftest import IS_REAL
from tests.integrations.sglang.test_grammar_object import EOS, ids_of, mask_of

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytestmark = pytest.mark.skipif(not IS_REAL, reason="SGLang is not installed: scripts/sglang_environment.sh")


def sglang_traverse_tree() -> Any:
    """SGLang's function, out of a module whose other imports need its kernels."""
    base = importlib.util.find_spec("sglang")
    assert base is not None
    assert base.origin is not None
    source = (Path(base.origin).parent / "srt" / "speculative" / "spec_utils.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(source).body if getattr(node, "name", "") == "traverse_tree"]
    names: dict[str, Any] = {"torch": torch, "Optional": Optional, "BaseGrammarObject": object}
    exec(compile(ast.Module(functions, []), "spec_utils.py", "exec"), names)
    return names["traverse_tree"]


def test_sglang_walks_draft_trees_as_our_copy_does(backend: Any, tokenizer: Any) -> None:
    size = len(tokenizer) + 11
    theirs = sglang_traverse_tree()
    letters = [ids_of(tokenizer, letter)[0] for letter in "abcd"] + [EOS, size - 1, size + 3]
    grammar = backend.dispatch_regex("(a|b|ab|ba)*c?")
    for seed in range(60):
        rng = np.random.default_rng(seed)
        next_token, next_sibling, _ = draft_trees.random_tree(rng, 16)
        drafts = torch.from_numpy(rng.choice(letters, size=16))
        masks = []
        for walk in (theirs, draft_trees.traverse_tree):
            request = grammar.copy()
            mask = request.allocate_vocab_mask(vocab_size=size, batch_size=16, device="cpu")
            walk(next_token, next_sibling, drafts, request, mask, size)
            assert mask_of(request, size) == mask_of(grammar, size)
            masks.append(mask)
        assert torch.equal(*masks)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Publishes server arguments as a process of SGLang does, without what their resolution imports."""
    from sglang.srt import runtime_context
    from sglang.srt.arg_groups.arg_utils import namespace_of
    from sglang.srt.server_args import ServerArgs

    def publish(**options: object) -> Any:
        server_args = ServerArgs(model_path="dummy", grammar_backend="maskwright", **options)
        bags = {name: runtime_context._ConfigBag(name) for name in ("serving", "exec", "exec.kernel")}
        bags["exec"]._set_sub("kernel", bags["exec.kernel"])
        for field, namespace in namespace_of(ServerArgs).items():
            if namespace in bags:
                bags[namespace]._set(field, getattr(server_args, field))
        monkeypatch.setattr(runtime_context.get_context(), "_config_bags", bags)
        return server_args

    return publish


def created(tokenizer: Any, server_args: Any) -> Any:
    from sglang.srt.constrained.base_grammar_backend import create_grammar_backend

    return create_grammar_backend(server_args, tokenizer, len(tokenizer), {EOS}, think_end_ids=[1])


def test_a_scheduler_gets_our_backend(host: Any, tokenizer: Any, published: Any) -> None:
    host.plugin.register()
    assert type(created(tokenizer, published())) is host.backend.SGLangBackend


def test_a_scheduler_is_refused_what_cannot_be_honoured(host: Any, tokenizer: Any, published: Any) -> None:
    host.plugin.register()
    with pytest.raises(host.backend.InvalidOption):
        created(tokenizer, published(constrained_json_whitespace_pattern=" ?"))


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_grammar_rests_while_the_model_reasons(host: Any, tokenizer: Any, published: Any, is_strict: bool) -> None:
    host.plugin.register()
    wrapper = created(tokenizer, published(reasoning_parser="deepseek-r1", enable_strict_thinking=is_strict))
    request = wrapper.get_cached_or_future_value(("regex", "ab"), require_reasoning=True)[0].result(timeout=60)
    mask = request.allocate_vocab_mask(len(tokenizer), 1, "cpu")
    request.fill_vocab_mask(mask, 0)
    assert (mask == -1).all() or is_strict
    for token in ids_of(tokenizer, "I think</think>"):
        request.accept_token(token)
    request.fill_vocab_mask_batched([host.base.GrammarRow(0, request)], mask)
    assert set(allowed_tokens(mask[0].numpy())) == mask_of(wrapper.grammar_backend.dispatch_regex("ab"), len(tokenizer))
    logits = torch.zeros(1, len(tokenizer))
    request.apply_vocab_mask(logits=logits, vocab_mask=request.move_vocab_mask(mask, "cpu"))
    assert torch.isfinite(logits).sum() == len(allowed_tokens(mask[0].numpy()))
    with pytest.raises(ValueError, match="is not allowed"):
        request.accept_token(ids_of(tokenizer, "c")[0])
    for token in [*ids_of(tokenizer, "ab"), EOS]:
        request.accept_token(token)
    assert request.is_terminated()
    request.rollback(1)
    assert not request.is_terminated()


def test_the_entry_point_is_loaded_by_sglang(host: Any) -> None:
    from sglang.srt.plugins import load_plugins_by_group

    if not importlib.metadata.entry_points(group="sglang.srt.plugins", name="maskwright"):
        pytest.skip("this installation of maskwright is older than its entry point")
    function, _ = load_plugins_by_group("sglang.srt.plugins")["maskwright"]
    assert function is host.plugin.register


def test_sglang_refuses_a_nul_before_it_asks(host: Any, backend: Any) -> None:
    refused = backend._init_value_dispatch(("json", json.dumps({"const": "\x00"})), False)
    assert isinstance(refused, host.base.InvalidGrammarObject)


def test_sglangs_kernel_masks_logits_as_we_do() -> None:
    """The kernel for NVIDIA's devices in Triton's interpreter, which has to be asked for before Triton is loaded."""
    program = (
        "import numpy, torch, sglang.srt.constrained.base_grammar_backend\n"
        "from sglang.kernels.ops.grammar.bitmask_ops import apply_token_bitmask_inplace_triton\n"
        "from maskwright.integrations.sglang.masks import apply_mask\n"
        "words = numpy.random.default_rng(0).integers(-2**31, 2**31, (3, 157)).astype(numpy.int32)\n"
        "ours = torch.randn(3, 5003)\n"
        "theirs, mask = ours.clone(), torch.from_numpy(words)\n"
        "apply_mask(ours, mask)\n"
        "apply_token_bitmask_inplace_triton(theirs, mask)\n"
        "assert torch.equal(ours, theirs)\n"
    )
    interpreted = os.environ | {"TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, env=interpreted)


class Request:
    """What `GrammarManager` asks of a request."""

    def __init__(self, **specification: str) -> None:
        names = ("json_schema", "regex", "ebnf", "structural_tag")
        constraint = {name: specification.get(name) for name in names}
        self.sampling_params = SimpleNamespace(**constraint, ebnf_full_assistant=False, custom_params=None)
        self.origin_input_ids = [1]
        self.require_reasoning = False
        self.grammar: Any = None
        self.grammar_key: Any = None
        self.grammar_wait_ct = 0
        self.abort_message = ""

    def finished(self) -> bool:
        return bool(self.abort_message)

    def set_finish_with_abort(self, message: str) -> None:
        self.abort_message = message


def test_a_schedulers_manager_answers_requests(host: Any, tokenizer: Any, published: Any) -> None:
    manager = pytest.importorskip("sglang.srt.constrained.grammar_manager")
    from sglang.srt.runtime_context import get_parallel

    host.plugin.register()
    group = SimpleNamespace(world_size=1, first_rank=0, is_first_rank=True)
    model_config = SimpleNamespace(vocab_size=len(tokenizer), hf_eos_token_id={EOS}, think_end_ids=None)
    scheduler = SimpleNamespace(
        server_args=published(),
        tokenizer=tokenizer,
        model_config=model_config,
        dp_tp_cpu_group=None,
        dp_tp_group=group,
        pp_group=None,
    )
    with get_parallel().override(pp_rank=0, pp_size=1):
        grammars = manager.GrammarManager(scheduler)
    first, refused = Request(json_schema='{"type": "boolean"}'), Request(regex=r"(a)\1")
    assert grammars.process_req_with_grammar(first)
    assert grammars.process_req_with_grammar(refused)
    ready: list[Request] = []
    while len(ready) < 2:
        ready += grammars.get_ready_grammar_requests()
    assert "Failed to compile regex grammar" in refused.abort_message
    assert "cannot be enforced exactly" in refused.abort_message
    second, again = Request(json_schema='{"type": "boolean"}'), Request(regex=r"(a)\1")
    assert not grammars.process_req_with_grammar(second)  # from the cache
    assert not grammars.process_req_with_grammar(again)
    assert "cannot be enforced exactly" in again.abort_message
    first.grammar.accept_token(ids_of(tokenizer, "true")[0])
    assert mask_of(second.grammar, len(tokenizer)) != mask_of(first.grammar, len(tokenizer))
    grammars.clear()
