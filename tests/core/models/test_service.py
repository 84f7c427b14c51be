from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import LeitstandError, ModelNotFound, NotCapable, NotFound, Refused, UsageError
from core.jobs.types import Fault, Job
from core.models.making import look_into
from core.models.modelfile import read
from core.models.types import Benchmark
from core.models.updates import Checked
from core.simulator.packages import build
from core.simulator.shelf import named
from tests.core.models.workshop import Workshop, sized, small, working
from tests.waiting import until


async def done(shop: Workshop, job: Job) -> Job:
    async with asyncio.timeout(20):
        return await shop.jobs.finished(job.id)


def has(shop: Workshop, name: str) -> bool:
    return shop.simulator.server.shelf.find(named(name)) is not None


# What a person says of a model.


async def test_favourites_come_first_and_last(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.models.set_favourite("wise")
        assert (await shop.models.list())[0].name == "wise:latest"
    async with working(tmp_path) as again:
        assert (await again.models.get("wise")).favourite
        await again.models.set_favourite("wise", favourite=False)
        assert not (await again.models.get("wise")).favourite


async def test_the_default_is_a_setting_and_shows_in_the_list(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.models.set_default("MIDDLE")
        assert shop.config.current.chat.model == "middle:latest"
        assert (await shop.models.get("middle")).default
        await shop.config.set("chat.model", "wise")
        await until(lambda: shop.models.roster.get("wise").default)
        assert not (await shop.models.get("middle")).default
        assert await shop.models.set_default("") is None
        assert not (await shop.models.get("wise")).default
        with pytest.raises(NotCapable):
            await shop.models.set_default("vectors")


async def test_every_usual_context_says_whether_it_fits_up_to_the_longest(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        longest = (await shop.models.get("middle")).context
        fits = await shop.models.fit_by_context("middle")
        contexts = [fit.context or 0 for fit in fits]
        assert contexts == sorted(set(contexts))
        assert contexts[-1] == longest
        needs = [fit.needed or 0 for fit in fits]
        assert needs == sorted(needs)
        assert {fit.name for fit in fits} == {"middle:latest"}


async def test_a_tier_follows_from_the_model_until_somebody_chooses(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        assert (await shop.models.get("wise")).tier == "fast"
        chosen = await shop.models.set_tier("wise", "heavy")
        assert (chosen.tier, chosen.tier_chosen) == ("heavy", True)
        assert (await shop.models.set_tier("wise")).tier == "fast"


async def test_a_model_only_the_catalogue_knows_can_be_a_favourite(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        known = await shop.models.set_favourite("llama3.2:3b")
        assert (known.favourite, known.state) == (True, "known")
        assert known.size == 2_000_000_000
        everything = await shop.models.list("all")
        assert everything[0].name == "llama3.2:3b"
        assert len(everything) > 200


async def test_what_others_measured_is_kept(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        for speed in (40.0, 60.0):
            await shop.models.note_answer("wise", speed)
        await shop.models.note_benchmark("wise", Benchmark(52.0, 50.0, 3))
        await shop.models.note_fault("wise", Fault("load_failed", "It is broken.", "Pull it again."))
    async with working(tmp_path) as again:
        model = await again.models.get("wise")
        assert (model.last_speed, model.average_speed) == (60.0, 50.0)
        assert model.benchmark == Benchmark(52.0, 50.0, 3)
        assert model.fault == Fault("load_failed", "It is broken.", "Pull it again.")


async def test_everything_the_server_says_can_be_shown(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        details = await shop.models.show("wise")
        assert details.architecture == "llama"
        assert details.template
        assert details.modelfile.startswith("# Modelfile")
        assert details.facts["general.parameter_count"]
        assert "tokenizer.ggml.tokens" not in details.facts
        known = await shop.models.show("qwen3:8b")
        assert known.model.description
        assert {model.name for model in known.variants} >= {"qwen3:4b", "qwen3:32b"}


async def test_unknown_models_are_told_apart_from_absent_ones(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        with pytest.raises(NotFound):
            await shop.models.get("nobody")
        with pytest.raises(ModelNotFound):
            await shop.models.unload("llama3.2:3b")
        assert (await shop.models.get("llama3.2:3b")).state == "known"


# Copies and deletions.


async def test_a_copy_is_another_name_for_the_same_files(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        copy = await shop.models.copy("wise", "mine:v1")
        assert copy.name == "mine:v1"
        assert copy.digest == (await shop.models.get("wise")).digest
        with pytest.raises(Refused, match="already"):
            await shop.models.copy("tiny", "MINE:v1")
        await shop.models.copy("tiny", "mine:v1", replace=True)
        assert (await shop.models.get("mine:v1")).digest == (await shop.models.get("tiny")).digest
        with pytest.raises(UsageError):
            await shop.models.copy("tiny", "a b")


async def test_a_deletion_can_be_taken_back_while_the_model_is_still_there(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        leaving = await shop.models.delete("wise")
        assert leaving.leaves_at == shop.clock.now() + 10
        await shop.clock.advance(9)
        assert has(shop, "wise")
        assert (await shop.models.keep("WISE")).leaves_at is None
        await shop.clock.advance(60)
        assert has(shop, "wise")
        with pytest.raises(NotFound):
            await shop.models.keep("wise")


async def test_after_the_time_to_take_it_back_the_model_is_deleted_and_unloaded(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.server.client.load("wise")
        await shop.models.sync()
        await shop.models.delete("wise")
        again = await shop.models.delete("wise")
        assert again.leaves_at == shop.clock.now() + 10
        await shop.clock.advance(11)
        await until(lambda: not has(shop, "wise"))
        await until(lambda: shop.models.roster.find("wise") is None)
        assert await shop.models.loaded() == ()


async def test_leaving_carries_out_what_was_decided(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        await shop.models.delete("wise")
        simulator = shop.simulator
    assert simulator.server.shelf.find(named("wise")) is None


async def test_a_deletion_that_fails_is_told_and_the_model_stays(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        shop.simulator.fault("status@delete:status=500,text=permission denied")
        await shop.models.delete("wise")
        shop.seen.take()
        await shop.clock.advance(11)
        await until(lambda: shop.models.roster.get("wise").leaves_at is None)
        assert (await shop.models.get("wise")).installed


async def test_a_model_somebody_else_deletes_meanwhile_is_no_error(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        model = await shop.models.get("wise")
        shop.simulator.server.shelf.drop(named("wise"))
        assert await shop.models.delete("wise", at_once=True) == model
        with pytest.raises(NotFound):
            await shop.models.get("wise")


# Making models.


async def test_a_model_is_made_from_a_modelfile(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        text = 'FROM wise\nSYSTEM """\nBe kind.\nAlways.\n"""\nPARAMETER temperature 0.2\n'
        text += "PARAMETER num_ctx 4096\n"
        job = await done(shop, await shop.models.create("kind", text))
        assert job.error is None
        details = await shop.models.show("kind")
        assert details.system.strip() == "Be kind.\nAlways."
        assert details.parameters["temperature"] == ["0.2"]
        assert details.parameters["num_ctx"] == ["4096"]


async def test_a_model_is_made_from_a_file_on_this_machine(tmp_path: Path) -> None:
    gguf = tmp_path / "weights.gguf"
    gguf.write_bytes(b"GGUF" + b"\0" * 5_000_000)
    digest = "sha256:" + hashlib.sha256(gguf.read_bytes()).hexdigest()
    async with working(tmp_path) as shop:
        for name in ("own", "twin"):
            job = await done(shop, await shop.models.create(name, gguf=str(gguf)))
            assert job.error is None
            assert (await shop.models.get(name)).installed
        assert digest in shop.simulator.server.shelf.blobs
        sent = [request for request in shop.simulator.requests if request.path.endswith(digest)]
        assert [request.method for request in sent] == ["HEAD", "POST", "HEAD"]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, UsageError),
        ({"modelfile": "FROM x", "gguf": "/x.gguf"}, UsageError),
        ({"modelfile": "SYSTEM hi"}, UsageError),
        ({"modelfile": "FROM x\nFLY away"}, UsageError),
        ({"gguf": "/nowhere/x.gguf"}, NotFound),
        ({"gguf": "/tmp"}, LeitstandError),
        ({"modelfile": "FROM ./missing.gguf", "directory": "/nowhere"}, NotFound),
    ],
)
async def test_what_cannot_be_made_is_refused_at_once(
    tmp_path: Path, options: dict[str, Any], kind: type[Exception]
) -> None:
    async with working(tmp_path) as shop:
        with pytest.raises(kind):
            await shop.models.create("new", **options)
        with pytest.raises(UsageError):
            await shop.models.create("a b", "FROM wise")


def test_a_file_says_what_it_would_make(tmp_path: Path) -> None:
    home = tmp_path / "My Terse"
    home.mkdir()
    (home / "Modelfile").write_text("FROM wise\nSYSTEM Be terse.\n")
    recipe = look_into(str(home / "Modelfile"))
    assert (recipe.name, recipe.gguf, recipe.base) == ("my-terse", False, "wise")
    assert (recipe.directory, recipe.text.splitlines()[0]) == (str(home), "FROM wise")
    weights = home / "Tiny Model.Q4_0.gguf"
    weights.write_bytes(b"GGUF" + bytes(100))
    recipe = look_into(f" {weights} ")
    assert (recipe.name, recipe.gguf, recipe.size) == ("tiny-model.q4_0", True, 104)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no file"),
        (b"\x7fELF\xff\xfe", "neither a Modelfile nor a GGUF file"),
        (b"SYSTEM hello\n", "does not say what the model is made from"),
        (b"FROM a\n" + b"#" * 1_000_001, "too long for a Modelfile"),
    ],
)
def test_a_file_that_makes_nothing_says_why(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LeitstandError, match=says):
        look_into(str(file))
    with pytest.raises(NotFound, match="is a directory"):
        look_into(str(tmp_path))


def test_a_modelfile_is_read_as_ollama_reads_it() -> None:
    found = read(
        "# a comment\n"
        "from llama3.2\r\n"
        'PARAMETER stop "<|end|>"\n'
        "PARAMETER stop ###\n"
        "parameter top_k 40\n"
        "PARAMETER penalize_newline true\n"
        'TEMPLATE """{{ .System }}\n{{ .Prompt }}"""\n'
        'SYSTEM "You are short."\n'
        "MESSAGE user Hello there\n"
        'MESSAGE assistant """Hi!\nHow are you?"""\n'
        'LICENSE """MIT\nDo what you like."""\n'
        "ADAPTER ./lora.gguf\n"
    )
    assert found.from_ == "llama3.2"
    assert found.parameters == {"stop": ["<|end|>", "###"], "top_k": 40, "penalize_newline": True}
    assert found.template == "{{ .System }}\n{{ .Prompt }}"
    assert found.system == "You are short."
    assert found.messages == (("user", "Hello there"), ("assistant", "Hi!\nHow are you?"))
    assert found.licences == ("MIT\nDo what you like.",)
    assert found.adapter == "./lora.gguf"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM x\nPARAMETER top_k", 2),
        ("FROM x\n\nMESSAGE robot hi", 3),
        ("FROM x\nMESSAGE user", 2),
        ('FROM x\nSYSTEM """never\nends', 2),
        ("FROM", 1),
        ("\x1b[2J x", 1),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(text: str, line: int) -> None:
    with pytest.raises(UsageError, match=f"Line {line} "):
        read(text)


# Newer versions.


async def test_the_registry_says_which_models_are_outdated(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        assert (await shop.models.get("tiny")).version == "unknown"
        shop.simulator.server.registry.offer(build(sized("tiny", 1, base="newer")), "tiny")
        job = await done(shop, await shop.models.check_updates())
        found = msgspec.json.decode(job.result, type=Checked)
        assert found.outdated == ("tiny:latest",)
        assert found.current == ("vectors:latest",)
        assert set(found.unknown) == {"middle:latest", "wise:latest"}
        assert (await shop.models.get("tiny")).version == "outdated"
        await shop.server.client.delete("tiny")
        async for _ in shop.server.client.pull("tiny"):
            pass
        await shop.models.sync()
        assert (await shop.models.get("tiny")).version == "current"


async def test_a_manifest_written_by_an_older_server_counts_by_its_files(tmp_path: Path) -> None:
    async with working(tmp_path) as shop:
        shelf = shop.simulator.server.shelf
        package = build(sized("tiny", 1))
        rewritten = msgspec.structs.replace(package, manifest=package.manifest + b" ")
        shelf.put(named("tiny"), rewritten)
        await shop.models.sync()
        await done(shop, await shop.models.check_updates(("tiny",)))
        assert (await shop.models.get("tiny")).version == "current"


async def test_a_registry_that_does_not_answer_leaves_it_unknown(tmp_path: Path) -> None:
    async with working(tmp_path, setup=small()) as shop:
        shop.simulator.fault("refuse@/v2/library/tiny/manifests/latest:times=0")
        job = await done(shop, await shop.models.check_updates(("tiny",)))
        assert msgspec.json.decode(job.result, type=Checked).unknown == ("tiny:latest",)
        assert (await shop.models.get("tiny")).version == "unknown"


async def test_a_users_catalogue_with_an_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text("[[model]]\nname = 3\n")
    async with working(tmp_path) as shop:
        assert any("catalog.toml" in text for text in shop.notices())
        assert len(await shop.models.list("all")) > 200
