from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cli import oneline_gpu
from core.cli.context import Context
from core.cli.oneline import FIELDS, chosen, target, written
from core.cli.output import Output
from core.cli.reach import address
from core.errors import ConfigError
from core.ollama.address import parse
from core.telemetry.probes import Ask, GpuReading, Traffic
from core.telemetry.types import Gpu
from tests.core.cli.running import Ended, Terminal, leitstand
from tests.core.cli.servers import answering, closed_port, ollama, reply, serving
from tests.fakes.machine import CARD

TWO = [{"name": "llama3.2:3b", "size": 2_140_000_000}, {"name": "qwen3:8b", "size": 5_000_000_000}]


def line(*argv: str, home: Path | None = None, **environment: str) -> Ended:
    return leitstand("status", "--oneline", *argv, home=home, environment=environment)


@pytest.mark.parametrize(
    ("models", "argv", "shown"),
    [
        ([], (), "● 0.33.0 no model"),
        (TWO[:1], (), "● 0.33.0 llama3.2:3b 2.1G"),
        (TWO, (), "● 0.33.0 llama3.2:3b,qwen3:8b 7.1G"),
        ([*TWO, *TWO], (), "● 0.33.0 llama3.2:3b,qwen3:8b +2 14.3G"),
        (TWO[:1], ("--ascii",), "* 0.33.0 llama3.2:3b 2.1G"),
        (TWO[:1], ("--format", "{count} in {memory}{state}"), "1 in 2.1G"),
        ([], ("--format", "just words"), "just words"),
    ],
)
def test_a_server_that_is_there(models: list[dict[str, object]], argv: tuple[str, ...], shown: str) -> None:
    with serving(ollama(models=models)) as port:
        ended = line(*argv, OLLAMA_HOST=f"127.0.0.1:{port}")
    assert ended == Ended(0, f"{shown}\n", "")


def test_a_server_that_is_away() -> None:
    assert line(OLLAMA_HOST=f"127.0.0.1:{closed_port()}") == Ended(3, "✗ ollama away\n", "")
    assert line("--ascii", "--host", f"127.0.0.1:{closed_port()}") == Ended(3, "x ollama away\n", "")


def test_something_else_at_the_address() -> None:
    with serving(lambda connection: connection.send(b"220 mail ready\r\n\r\n")) as port:
        assert line("--host", f"127.0.0.1:{port}") == Ended(3, "✗ not ollama\n", "")


def test_a_server_that_wants_a_login() -> None:
    with serving(answering({"/api/version": reply(b"no", status="401 Unauthorized")})) as port:
        assert line("--host", f"127.0.0.1:{port}") == Ended(1, "✗ ollama refuses\n", "")


def test_an_address_that_is_none() -> None:
    assert line(OLLAMA_HOST="ftp://x") == Ended(1, "✗ wrong address\n", "")
    ended = line("--host", "ftp://x")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("leitstand: Ollama is reached over http or https")


def test_names_from_outside_cannot_style_a_status_line() -> None:
    hostile = [{"name": "#[fg=red]\x1b]52;c;x\x07\u202e" + "x" * 10_000, "size": 1}]
    with serving(ollama("0.33\n\x9b2J", hostile)) as port:
        ended = line("--host", f"127.0.0.1:{port}")
    assert ended.out.count("\n") == 1
    assert "#" not in ended.out
    assert not [char for char in ended.out if ord(char) < 32 and char != "\n"]
    assert not {"\x9b", "\u202e"} & set(ended.out)
    assert len(ended.out) < 100


def test_an_unknown_field_is_named_with_the_known_ones() -> None:
    ended = line("--format", "{mark} {modles}")
    assert ended.code == 2
    assert "no field {modles}" in ended.err
    assert all(f"{{{field}}}" in ended.err for field in FIELDS)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("status", "--oneline", "--json"), "leave out --json"),
        (("status", "--oneline", "--demo"), "leave out --demo"),
        (("status", "--format", "x"), "go with --oneline"),
        (("status", "--ascii"), "go with --oneline"),
    ],
)
def test_options_that_do_not_go_together(argv: tuple[str, ...], message: str) -> None:
    ended = leitstand(*argv)
    assert ended.code == 2
    assert message in ended.out + ended.err


@pytest.mark.parametrize(
    ("file", "environment", "argv"),
    [
        ("", {}, ()),
        ("", {"OLLAMA_HOST": "envbox"}, ()),
        ('[server]\nurl = "filebox:1"', {"OLLAMA_HOST": "envbox"}, ()),
        ('[server]\nurl = "filebox:1"', {}, ("--host", "argbox")),
        ('\ufeff[server]\nurl = "filebox:1"', {}, ()),
        ("[server]\nurl = 5", {"OLLAMA_HOST": "envbox"}, ()),
        ('[server]\nurl = "a\\u001bb"', {"OLLAMA_HOST": "envbox"}, ()),
        ('[server]\nurl = "filebox', {"OLLAMA_HOST": "envbox"}, ()),
        ("server = 5", {"OLLAMA_HOST": "envbox"}, ()),
        ('[server]\nurl = "https://u:p@filebox/prefix/v1"', {}, ()),
    ],
)
def test_it_asks_the_server_that_everything_else_asks(
    tmp_path: Path, file: str, environment: dict[str, str], argv: tuple[str, ...]
) -> None:
    (tmp_path / "config.toml").write_text(file, encoding="utf-8")
    values = {"host": argv[1] if argv else None, "data": None, "config": None}
    context = Context(
        values, Output(Terminal(), Terminal()), {"LEITSTAND_HOME": str(tmp_path), **environment}, lambda _: []
    )
    there = address(context)
    found = target(chosen(context, written(context)[0]))
    assert (found.host, found.port, found.path, found.tls) == (
        there.host,
        there.port,
        there.path,
        there.scheme == "https",
    )
    assert bool(found.login) == bool(there.username)


HOSTS = st.from_regex(
    r"(http://|https://|)([a-z]{1,6}[.-]?[a-z0-9]{0,4}|127\.0\.0\.1|0\.0\.0\.0|10\.300\.1\.2|\[::1\])(:\d{0,6})?/?",
    fullmatch=True,
)


@settings(max_examples=300)
@given(st.one_of(HOSTS, st.text(max_size=12)))
def test_the_short_way_to_an_address_leads_where_the_long_one_does(text: str) -> None:
    try:
        there = parse(text)
    except ConfigError:
        with pytest.raises(ConfigError):
            target(text)
        return
    found = target(text)
    assert (found.host, found.port, found.path) == (there.host, there.port, there.path)


def test_the_setting_for_plain_signs_is_heeded(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[ui]\nglyphs = "ascii"\n')
    assert line("--host", f"127.0.0.1:{closed_port()}", home=tmp_path).out == "x ollama away\n"


# The GPUs ----------------------------------------------------------------------------------------


class Cards:
    """GPUs that say what a test says, or nothing for a long time."""

    def __init__(self, *gpus: Gpu, hangs: threading.Event | None = None) -> None:
        self.gpus = gpus
        self.hangs = hangs

    def read(self, ask: Ask) -> GpuReading:
        if self.hangs is not None:
            self.hangs.wait(20)
        return GpuReading(self.gpus)

    def traffic(self) -> Traffic:
        return {}

    def close(self) -> None: ...


def test_the_gpus_stand_together_in_few_characters() -> None:
    second = msgspec.structs.replace(CARD, key="GPU-1", busy=12.0, temperature=80.0, power=30.4)
    slice_ = msgspec.structs.replace(CARD, key="MIG-1", parent="GPU-0", busy=100.0)
    found = oneline_gpu.fields(lambda: Cards(CARD, second, slice_))
    assert found == {"gpu": "94%", "vram": "38.0/64.0G", "heat": "80C", "power": "510W"}


@pytest.mark.parametrize("gpus", [(), (Gpu("x", 0, "asleep", state="asleep"),)])
def test_what_is_not_known_of_gpus_leaves_no_gap(gpus: tuple[Gpu, ...]) -> None:
    assert set(oneline_gpu.fields(lambda: Cards(*gpus)).values()) == {""}


def test_a_driver_that_hangs_is_not_waited_for() -> None:
    hangs = threading.Event()
    try:
        assert set(oneline_gpu.fields(lambda: Cards(CARD, hangs=hangs), deadline=0.05).values()) == {""}
    finally:
        hangs.set()


def test_a_line_of_gpus_alone_comes_without_a_server() -> None:
    ended = line("--host", "127.0.0.1:9", "--format", "{mark} {state} {gpu} {vram}")
    assert ended.code == 3
    assert ended.out.startswith("✗ ollama away")
