"""What follows from a model's dimensions: its tensors, its facts, and the memory it needs."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from core.simulator.models import Spec

_FILE_TYPES = {"F16": 1, "Q8_0": 7, "Q4_K_M": 15, "MXFP4": 38}
_MIB = 1 << 20


def _full_layers(spec: Spec) -> int:
    return spec.blocks if not spec.window else math.ceil(spec.blocks / spec.full_every)


def facts(spec: Spec, *, verbose: bool = False) -> dict[str, Any]:
    """The `model_info` of a model; big arrays are null unless asked for."""
    kind = spec.family
    found: dict[str, Any] = {
        "general.architecture": kind,
        "general.basename": spec.name.split(":", 1)[0],
        "general.file_type": _FILE_TYPES.get(spec.quantization, 15),
        "general.parameter_count": spec.count,
        "general.quantization_version": 2,
        "general.size_label": spec.size_label,
        "general.type": "model",
        f"{kind}.attention.head_count": spec.heads,
        f"{kind}.attention.head_count_kv": spec.kv_heads,
        f"{kind}.attention.key_length": spec.head_dim,
        f"{kind}.attention.layer_norm_rms_epsilon": 1e-06,
        f"{kind}.attention.value_length": spec.head_dim,
        f"{kind}.block_count": spec.blocks,
        f"{kind}.context_length": spec.context,
        f"{kind}.embedding_length": spec.width,
        f"{kind}.feed_forward_length": spec.feed_forward,
        f"{kind}.vocab_size": spec.vocabulary,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.merges": None,
        "tokenizer.ggml.model": "bert" if spec.embeds else "gpt2",
        "tokenizer.ggml.token_type": None,
        "tokenizer.ggml.tokens": None,
    }
    if spec.experts:
        found[f"{kind}.expert_count"] = spec.experts
        found[f"{kind}.expert_used_count"] = spec.experts_used
    if spec.window:
        found[f"{kind}.attention.sliding_window"] = spec.window
    if spec.embeds:
        found[f"{kind}.pooling_type"] = 1
        found[f"{kind}.attention.causal"] = False
    if "vision" in spec.capabilities:
        found[f"{kind}.vision.block_count"] = 27
        found[f"{kind}.vision.embedding_length"] = 1152
        found[f"{kind}.vision.image_size"] = 896
        found[f"{kind}.vision.patch_size"] = 14
    if verbose:
        found["tokenizer.ggml.tokens"] = [f"<{number}>" for number in range(spec.vocabulary)]
        found["tokenizer.ggml.token_type"] = [1] * spec.vocabulary
        found["tokenizer.ggml.merges"] = []
    return found


def tensors(spec: Spec) -> list[dict[str, Any]]:
    """Name, type and shape of every tensor."""
    kind = (
        "F16"
        if spec.quantization == "F16"
        else "Q4_K"
        if spec.quantization == "Q4_K_M"
        else spec.quantization
    )
    keys = spec.kv_heads * spec.head_dim
    queries = spec.heads * spec.head_dim
    found = [_tensor("token_embd.weight", kind, spec.width, spec.vocabulary)]
    for block in range(spec.blocks):
        found += (
            _tensor(f"blk.{block}.attn_norm.weight", "F32", spec.width),
            _tensor(f"blk.{block}.attn_q.weight", kind, spec.width, queries),
            _tensor(f"blk.{block}.attn_k.weight", kind, spec.width, keys),
            _tensor(f"blk.{block}.attn_v.weight", kind, spec.width, keys),
            _tensor(f"blk.{block}.attn_output.weight", kind, queries, spec.width),
            _tensor(f"blk.{block}.ffn_norm.weight", "F32", spec.width),
        )
        ending, extra = ("_exps.weight", (spec.experts,)) if spec.experts else (".weight", ())
        found += (
            _tensor(f"blk.{block}.ffn_gate{ending}", kind, spec.width, spec.feed_forward, *extra),
            _tensor(f"blk.{block}.ffn_up{ending}", kind, spec.width, spec.feed_forward, *extra),
            _tensor(f"blk.{block}.ffn_down{ending}", kind, spec.feed_forward, spec.width, *extra),
        )
    found.append(_tensor("output_norm.weight", "F32", spec.width))
    return found


def _tensor(name: str, kind: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "type": kind, "shape": list(shape)}


class Footprint(msgspec.Struct, frozen=True):
    """Bytes a loaded model takes, and how many of them are on a GPU."""

    size: int
    vram: int


def needed(spec: Spec, context: int, slots: int, batch: int = 512) -> int:
    """Weights, key-value cache and compute buffers, in bytes."""
    full = _full_layers(spec)
    per_token = 2 * spec.kv_heads * spec.head_dim * 2
    cache = per_token * (full * context + (spec.blocks - full) * min(context, spec.window + batch))
    compute = 4 * batch * spec.vocabulary + 128 * _MIB
    return spec.weights + (0 if spec.embeds else cache * slots) + compute


def predicted(spec: Spec, context: int, slots: int) -> int:
    """What the server expects before loading: it knows nothing of windows and buffers."""
    width = spec.width // spec.heads
    return spec.weights + 2 * spec.blocks * spec.kv_heads * width * context * slots * 2


def placed(spec: Spec, size: int, free: int, gpu_layers: int = -1) -> Footprint:
    """Put whole layers on the GPU until it is full."""
    if gpu_layers == 0 or free <= 0:
        return Footprint(size, 0)
    layers = spec.blocks + 1
    fitting = layers if size <= free else int(layers * free / size)
    if gpu_layers > 0:
        fitting = min(fitting, gpu_layers)
    return Footprint(size, size if fitting >= layers else size * fitting // layers)
