"""The models of the simulated world: one literal table, from which sizes, digests and tensors follow."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Thinking = Literal["", "tags", "parser", "levels"]
"""How a model thinks: not at all, between tags, in a known format, or in levels and always."""

GIB = 1 << 30


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, before it has a place on a server."""

    name: str
    also: tuple[str, ...] = ()
    """Further tags of the same model."""
    base: str = ""
    """Whose weights these are, when another entry has the same ones."""
    family: str
    families: tuple[str, ...] = ()
    count: int
    """Parameters."""
    size_label: str
    quantization: str = "Q4_K_M"
    format: str = "gguf"
    remote: str = ""
    """The host that really runs it: then nothing of it is here."""
    weights: int
    """Bytes of the weights."""
    active: float = 1.0
    """The share of the weights that each token reads."""
    blocks: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int = 128
    feed_forward: int
    vocabulary: int
    context: int
    experts: int = 0
    experts_used: int = 0
    window: int = 0
    """Tokens a sliding layer looks back; 0 when all layers look at everything."""
    full_every: int = 1
    """Every n-th layer looks at everything."""
    capabilities: tuple[str, ...] = ("completion",)
    thinking: Thinking = ""
    gguf_template: bool = False
    """The template comes from the weights' file instead of Ollama's own."""
    calls_at_end: bool = False
    """Tool calls come in the last object."""
    parameters: dict[str, Any] = {}
    system: str = ""
    license: str = "Apache License, Version 2.0"

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors instead of text."""
        return "embedding" in self.capabilities

    @property
    def active_bytes(self) -> int:
        """What each token reads."""
        return int(self.weights * self.active)


_QWEN8: dict[str, Any] = {
    "count": 8_190_735_360, "size_label": "8.2B", "blocks": 36, "width": 4096, "heads": 32, "kv_heads": 8,
    "feed_forward": 12288, "vocabulary": 151_936,
}  # fmt: skip
_LLAMA_LICENSE = "LLAMA 3 COMMUNITY LICENSE AGREEMENT"
_CHAT = ("completion", "tools")
_THINK = ("completion", "tools", "thinking")
_SEE = ("completion", "vision")
_EMBED = ("embedding",)

INSTALLED: tuple[Spec, ...] = (
    Spec(
        name="qwen3-coder:30b", also=("qwen3-coder:latest",), family="qwen3moe", count=30_532_122_624,
        size_label="30.5B", weights=18_556_685_856, active=0.11, blocks=48, width=2048, heads=32, kv_heads=4,
        feed_forward=5472, vocabulary=151_936, context=262_144, experts=128, experts_used=8,
        capabilities=_CHAT,
        parameters={"temperature": 0.7, "top_k": 20, "top_p": 0.8, "repeat_penalty": 1.05},
    ),
    Spec(
        name="llama3.2:3b", also=("llama3.2:latest",), family="llama", count=3_212_749_888, size_label="3.2B",
        weights=2_019_377_376, blocks=28, width=3072, heads=24, kv_heads=8, feed_forward=8192,
        vocabulary=128_256, context=131_072, capabilities=_CHAT, license=_LLAMA_LICENSE,
        parameters={"stop": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]},
    ),
    Spec(
        name="gpt-oss:20b", also=("gpt-oss:latest",), family="gptoss", count=20_914_757_184,
        size_label="20.9B", quantization="MXFP4", weights=13_780_154_624, active=0.17, blocks=24, width=2880,
        heads=64, kv_heads=8, head_dim=64, feed_forward=2880, vocabulary=201_088, context=131_072,
        experts=32, experts_used=4, window=128, full_every=2, capabilities=_THINK, thinking="levels",
        parameters={"temperature": 1},
    ),
    Spec(
        name="deepseek-r1:8b", also=("deepseek-r1:latest",), family="qwen3", weights=5_225_373_760,
        context=131_072, capabilities=("completion", "thinking"), thinking="tags", license="MIT License",
        parameters={"temperature": 0.6, "top_p": 0.95}, **_QWEN8,
    ),
    Spec(
        name="qwen3:8b", also=("qwen3:latest",), family="qwen3", weights=5_225_374_496, context=40_960,
        capabilities=_THINK, thinking="parser", parameters={"temperature": 0.6, "top_k": 20, "top_p": 0.95},
        **_QWEN8,
    ),
    Spec(
        name="nomic-embed-text:latest", also=("nomic-embed-text:v1.5",), family="nomic-bert",
        count=136_727_040,
        size_label="137M", quantization="F16", weights=274_290_656, blocks=12, width=768, heads=12,
        kv_heads=12, head_dim=64, feed_forward=3072, vocabulary=30_522, context=2048, capabilities=_EMBED,
        parameters={"num_ctx": 8192},
    ),
    Spec(
        name="llama3.1:8b", also=("llama3.1:latest",), family="llama", count=8_030_261_312, size_label="8.0B",
        weights=4_920_738_944, blocks=32, width=4096, heads=32, kv_heads=8, feed_forward=14_336,
        vocabulary=128_256, context=131_072, capabilities=_CHAT, license=_LLAMA_LICENSE,
        parameters={"stop": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]},
    ),
    Spec(
        name="gemma3:12b", family="gemma3", count=12_187_325_040, size_label="12.2B", weights=8_149_180_896,
        blocks=48, width=3840, heads=16, kv_heads=8, head_dim=256, feed_forward=15_360, vocabulary=262_208,
        context=131_072, window=1024, full_every=6, capabilities=_SEE, license="Gemma Terms of Use",
        parameters={"temperature": 1, "top_k": 64, "top_p": 0.95, "stop": ["<end_of_turn>"]},
    ),
)  # fmt: skip
"""What a demonstration server has from the start."""

PULLABLE: tuple[Spec, ...] = (
    *INSTALLED,
    Spec(
        name="qwen3:0.6b", family="qwen3", count=751_632_384, size_label="751.63M", weights=522_640_000,
        blocks=28, width=1024, heads=16, kv_heads=8, feed_forward=3072, vocabulary=151_936, context=40_960,
        capabilities=_THINK, thinking="parser", parameters={"temperature": 0.6, "top_k": 20, "top_p": 0.95},
    ),
    Spec(
        name="qwen3:4b", family="qwen3", count=4_022_468_096, size_label="4.0B", weights=2_497_280_480,
        blocks=36, width=2560, heads=32, kv_heads=8, feed_forward=9728, vocabulary=151_936, context=40_960,
        capabilities=_THINK, thinking="parser", parameters={"temperature": 0.6, "top_k": 20, "top_p": 0.95},
    ),
    Spec(
        name="qwen3:14b", family="qwen3", count=14_768_307_200, size_label="14.8B", weights=9_276_184_032,
        blocks=40, width=5120, heads=40, kv_heads=8, feed_forward=17_408, vocabulary=151_936, context=40_960,
        capabilities=_THINK, thinking="parser", parameters={"temperature": 0.6, "top_k": 20, "top_p": 0.95},
    ),
    Spec(
        name="qwen3:32b", family="qwen3", count=32_762_123_264, size_label="32.8B", weights=20_201_253_600,
        blocks=64, width=5120, heads=64, kv_heads=8, feed_forward=25_600, vocabulary=151_936, context=40_960,
        capabilities=_THINK, thinking="parser", parameters={"temperature": 0.6, "top_k": 20, "top_p": 0.95},
    ),
    Spec(
        name="qwen2.5-coder:7b", also=("qwen2.5-coder:latest",), family="qwen2", count=7_615_616_512,
        size_label="7.6B", weights=4_683_074_240, blocks=28, width=3584, heads=28, kv_heads=4,
        feed_forward=18_944, vocabulary=152_064, context=32_768,
        capabilities=("completion", "tools", "insert"),
    ),
    Spec(
        name="llama3.2:1b", family="llama", count=1_235_814_432, size_label="1.2B", quantization="Q8_0",
        weights=1_321_082_688, blocks=16, width=2048, heads=32, kv_heads=8, head_dim=64, feed_forward=8192,
        vocabulary=128_256, context=131_072, capabilities=_CHAT, license=_LLAMA_LICENSE,
        parameters={"stop": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]},
    ),
    Spec(
        name="llama3.3:70b", also=("llama3.3:latest",), family="llama", count=70_553_706_560,
        size_label="70.6B", weights=42_520_398_432, blocks=80, width=8192, heads=64, kv_heads=8,
        feed_forward=28_672, vocabulary=128_256, context=131_072, capabilities=_CHAT, license=_LLAMA_LICENSE,
        parameters={"stop": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]},
    ),
    Spec(
        name="deepseek-r1:14b", family="qwen2", count=14_770_033_664, size_label="14.8B",
        weights=8_988_110_688, blocks=48, width=5120, heads=40, kv_heads=8, feed_forward=13_824,
        vocabulary=152_064, context=131_072, capabilities=("completion", "thinking"), thinking="tags",
        license="MIT License", parameters={"temperature": 0.6, "top_p": 0.95},
    ),
    Spec(
        name="deepseek-r1:32b", family="qwen2", count=32_763_876_352, size_label="32.8B",
        weights=19_851_335_520, blocks=64, width=5120, heads=40, kv_heads=8, feed_forward=27_648,
        vocabulary=152_064, context=131_072, capabilities=("completion", "thinking"), thinking="tags",
        license="MIT License", parameters={"temperature": 0.6, "top_p": 0.95},
    ),
    Spec(
        name="gpt-oss:120b", family="gptoss", count=116_829_156_672, size_label="116.8B",
        quantization="MXFP4", weights=65_369_818_720, active=0.05, blocks=36, width=2880, heads=64,
        kv_heads=8, head_dim=64, feed_forward=2880, vocabulary=201_088, context=131_072,
        experts=128, experts_used=4, window=128, full_every=2, capabilities=_THINK, thinking="levels",
        parameters={"temperature": 1},
    ),
    Spec(
        name="gemma3:4b", also=("gemma3:latest",), family="gemma3", count=4_299_915_632, size_label="4.3B",
        weights=3_338_792_448, blocks=34, width=2560, heads=8, kv_heads=4, head_dim=256, feed_forward=10_240,
        vocabulary=262_208, context=131_072, window=1024, full_every=6, capabilities=_SEE,
        license="Gemma Terms of Use",
        parameters={"temperature": 1, "top_k": 64, "top_p": 0.95, "stop": ["<end_of_turn>"]},
    ),
    Spec(
        name="mistral:7b", also=("mistral:latest",), family="llama", count=7_248_023_552, size_label="7.2B",
        weights=4_372_811_936, blocks=32, width=4096, heads=32, kv_heads=8, feed_forward=14_336,
        vocabulary=32_768, context=32_768, capabilities=_CHAT, parameters={"stop": ["[INST]", "[/INST]"]},
    ),
    Spec(
        name="mistral-small:24b", also=("mistral-small:latest",), family="llama", count=23_572_403_200,
        size_label="23.6B", weights=14_333_908_832, blocks=40, width=5120, heads=32, kv_heads=8,
        feed_forward=32_768, vocabulary=131_072, context=32_768, capabilities=_CHAT,
        parameters={"temperature": 0.15},
    ),
    Spec(
        name="phi4:14b", also=("phi4:latest",), family="phi3", count=14_659_507_200, size_label="14.7B",
        weights=9_053_114_432, blocks=40, width=5120, heads=40, kv_heads=10, feed_forward=17_920,
        vocabulary=100_352, context=16_384, license="MIT License",
        parameters={"stop": ["<|im_start|>", "<|im_end|>", "<|im_sep|>"]},
    ),
    Spec(
        name="mxbai-embed-large:latest", also=("mxbai-embed-large:335m",), family="bert", count=334_092_288,
        size_label="334.09M", quantization="F16", weights=669_603_712, blocks=24, width=1024, heads=16,
        kv_heads=16, head_dim=64, feed_forward=4096, vocabulary=30_522, context=512, capabilities=_EMBED,
        parameters={"num_ctx": 512},
    ),
    Spec(
        name="bge-m3:latest", also=("bge-m3:567m",), family="bert", count=566_702_080, size_label="566.70M",
        quantization="F16", weights=1_157_671_200, blocks=24, width=1024, heads=16, kv_heads=16, head_dim=64,
        feed_forward=4096, vocabulary=250_002, context=8192, capabilities=_EMBED, license="MIT License",
    ),
    Spec(
        name="all-minilm:latest", also=("all-minilm:22m",), family="bert", count=22_565_376, size_label="23M",
        quantization="F16", weights=45_949_216, blocks=6, width=384, heads=12, kv_heads=12, head_dim=32,
        feed_forward=1536, vocabulary=30_522, context=512, capabilities=_EMBED, parameters={"num_ctx": 256},
    ),
)  # fmt: skip
"""What the registry has; models of a family share their template and licence layers."""


def toy(name: str = "toy:latest", **changes: Any) -> Spec:
    """A tiny model for tests: plain chat, 2048 tokens of context."""
    fields: dict[str, Any] = {
        "family": "llama", "count": 1_000_000, "size_label": "1M", "quantization": "F16",
        "weights": 514_080, "blocks": 2, "width": 64, "heads": 4, "kv_heads": 2, "head_dim": 16,
        "feed_forward": 128, "vocabulary": 512, "context": 2048, "parameters": {},
    }  # fmt: skip
    return Spec(name=name, **(fields | changes))
