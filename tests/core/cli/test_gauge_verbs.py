from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable

import pytest

from core.cli import gauge_verbs
from core.cli.gauge_verbs import GPU_COLUMNS, HOST_COLUMNS, Table, everything
from core.cli.main import Faces, run
from core.telemetry.demo import DemoMachine
from core.telemetry.probes import Ask, GpuReading, Probes
from core.telemetry.types import Alert, Gpu, Sample
from tests.core.cli.running import Ended, leitstand, no_checks, no_screens
from tests.core.cli.servers import answering, closed_port, ollama, reply, serving

MODEL = {
    "name": "llama3.2:3b",
    "size": 4 * 2**30,
    "size_vram": 3 * 2**30,
    "digest": "a",
    "expires_at": "2318-01-01T00:00:00Z",
    "context_length": 8192,
}


class Enough(io.StringIO):
    """A reader that goes away after so many answers."""

    def __init__(self, answers: int, *, of: Callable[[str], bool]) -> None:
        super().__init__()
        self._left = answers
        self._of = of

    def write(self, text: str) -> int:
        if self._of(text):
            if not self._left:
                raise BrokenPipeError
            self._left -= 1
        return super().write(text)


def following(*argv: str, answers: int, of: Callable[[str], bool] = bool) -> Ended:
    """Run something that goes on until nobody reads it any more."""
    out, err = Enough(answers, of=of), io.StringIO()
    code = run(
        argv,
        Faces(no_screens, no_checks),
        out,
        err,
        {"LEITSTAND_HOME": "/nonexistent", "HOME": "/nonexistent"},
    )
    return Ended(code, out.getvalue(), err.getvalue())


# gauges ------------------------------------------------------------------------------------------


def test_people_get_a_line_a_thing() -> None:
    ended = leitstand("gauges", "--demo")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "simulated"
    assert "NVIDIA GeForce RTX 5090" in lines[1]
    assert all(unit in lines[1] for unit in ("% busy", "of 32.0 GiB", " W", "°C", "MHz"))
    assert "% cpu" in lines[3]
    assert "GB free" in lines[4]


def test_scripts_get_everything_and_null_for_what_is_not_known() -> None:
    seen = leitstand("gauges", "--demo", "--json").json
    assert seen["simulated"] is True
    assert seen["gpus"][0]["memory_total"] == 32 * 2**30
    assert seen["gpus"][0]["fan_rpm"] is None
    assert seen["host"]["received"] > 0  # a rate: it looked twice
    assert set(Gpu.__struct_fields__) == set(seen["gpus"][0])


def test_a_spreadsheet_gets_a_heading_and_a_line() -> None:
    heading, line = csv.reader(io.StringIO(leitstand("gauges", "--demo", "--csv").out))
    assert len(heading) == len(line) == len(HOST_COLUMNS) + 2 * len(GPU_COLUMNS)
    row = dict(zip(heading, line, strict=True))
    assert row["gpu1_name"] == "NVIDIA GeForce RTX 4090"
    assert float(row["host_memory_total"]) == 64 * 2**30
    assert row["time"].endswith("+00:00")


def test_the_servers_models_are_part_of_it_and_a_server_away_costs_nothing_else() -> None:
    with serving(ollama(models=[MODEL])) as port:
        seen = leitstand("gauges", "--json", "--host", f"127.0.0.1:{port}")
        told = leitstand("gauges", "--host", f"127.0.0.1:{port}").out
    assert [(model["name"], model["gpu_share"], model["expires_in"]) for model in seen.json["models"]] == [
        ("llama3.2:3b", 75.0, None)
    ]
    assert "75 % GPU" in told
    assert "stays" in told
    away = leitstand("gauges", "--json", "--host", f"127.0.0.1:{closed_port()}")
    assert away.code == 0
    assert away.json["models"] == []
    assert away.json["host"]["memory_total"] > 0


def test_what_a_hostile_server_says_is_text() -> None:
    evil = {**MODEL, "name": '[red]\x1b]52;c;x\x07\u202e",'}
    with serving(answering({"/api/ps": reply(json.dumps({"models": [evil]}).encode())})) as port:
        for argv in ((), ("--json",), ("--csv",)):
            ended = leitstand("gauges", *argv, "--host", f"127.0.0.1:{port}")
            assert ended.code == 0
            assert not {"\x1b", "\x07", "\u202e"} & set(ended.out)
            assert "[red]" in ended.out


def test_it_goes_on_for_as_long_as_somebody_reads() -> None:
    ended = following("gauges", "--demo", "--csv", "--every", "0.25", answers=4)
    assert ended.code == 0
    rows = list(csv.reader(io.StringIO(ended.out)))
    assert [len(row) for row in rows] == [len(rows[0])] * 4
    assert len({row[0] for row in rows[1:]}) >= 1
    assert ended.err == ""


def test_two_answers_at_once_are_wrong_usage() -> None:
    assert leitstand("gauges", "--csv", "--json").code == 2
    assert leitstand("gauges", "--every", "0").code == 2


def test_a_driver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    demo = DemoMachine()

    class Hanging:
        def read(self, ask: Ask) -> GpuReading:
            over.wait(60)
            return GpuReading()

        def traffic(self) -> dict[str, object]:
            return {}

        def close(self) -> None:
            over.wait(60)

    probes = Probes(Hanging(), demo.host, demo.volume)  # type: ignore[arg-type]  # no traffic is a mapping, too
    monkeypatch.setattr(gauge_verbs, "_probes", lambda context, clock: probes)
    ended = leitstand("gauges", "--json", "--host", f"127.0.0.1:{closed_port()}")
    over.set()
    assert ended.code == 0
    assert ended.json["gpus"] == []
    assert ended.json["host"]["cpu"] is not None


def test_a_table_keeps_its_columns_when_gpus_come_and_go() -> None:
    table = Table()
    one, two = Gpu("a", 0, "A", busy=1.0), Gpu("b", 1, "B", busy=2.0)
    first = list(table.lines(Sample(0.0, gpus=(one, two))))
    later = list(table.lines(Sample(1.0, gpus=(two,))))
    assert len(first) == 2
    [row] = csv.reader(later)
    heading = next(csv.reader(first))
    assert dict(zip(heading, row, strict=True))["gpu0_busy"] == ""
    assert dict(zip(heading, row, strict=True))["gpu1_busy"] == "2"


def test_everything_of_a_struct_is_plain_data() -> None:
    alert = Alert("disk", "", "warning", "Little is left.", "Delete something.", 1.0)
    assert everything(Sample(0.0, alerts=(alert,)))["alerts"] == [
        {
            "kind": "disk",
            "subject": "",
            "level": "warning",
            "text": "Little is left.",
            "hint": "Delete something.",
            "since": 1.0,
            "ended": None,
        }
    ]


# top ---------------------------------------------------------------------------------------------


def test_top_opens_the_gauges_and_nothing_else() -> None:
    opened: list[tuple[str, bool, bool]] = []

    def screens(context: object) -> int:
        values = context.values  # type: ignore[attr-defined]  # a Context
        opened.append((values["screen"], values["alone"], values["demo"]))
        return 0

    out, err = io.StringIO(), io.StringIO()
    assert (
        run(("top", "--demo"), Faces(screens, no_checks), out, err, {"LEITSTAND_HOME": "/nonexistent"}) == 0
    )
    assert opened == [("gauges", True, True)]


def test_top_is_no_answer_for_a_script() -> None:
    ended = leitstand("top", "--json")
    assert ended.code == 2
    assert "gauges --json" in ended.json["error"]["hint"]


# status --watch ----------------------------------------------------------------------------------


def test_status_goes_on_where_it_is_asked_to() -> None:
    with serving(ollama(models=[MODEL])) as port:
        host = ("--host", f"127.0.0.1:{port}")
        objects = following("status", "--watch", "--every", "0.01", "--json", *host, answers=3)
        assert [json.loads(line)["server"]["state"] for line in objects.out.splitlines()] == ["online"] * 3
        words = following(
            "status",
            "--watch",
            "--every",
            "0.01",
            *host,
            answers=2,
            of=lambda text: text.startswith("server"),
        )
        assert words.out.count("llama3.2:3b") == 2
    assert objects.code == words.code == 0


def test_a_line_that_says_the_same_is_not_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["a", "a", "a", "b", "b", "a", "never"])
    monkeypatch.setattr("core.cli.oneline._line", lambda context: (next(said), 0))
    ended = following("status", "--oneline", "--watch", "--every", "0.001", answers=3)
    assert ended.out.split() == ["a", "b", "a"]


def test_how_often_is_said_only_where_it_goes_on() -> None:
    assert leitstand("status", "--every", "3").code == 2
