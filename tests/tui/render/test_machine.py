from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.types import Alert, Gpu, GpuProcess, LoadedModel, RunningJob, Sample, Volume
from tests.fakes.clock import START
from tests.fakes.machine import CARD, GIB, HOST
from tests.tui.render.machines import FIRST, HOT, MODELS, SECOND, sample, scene, several
from tui.glyphs import ASCII
from tui.render import machine, machine_host
from tui.render.machine import Plan
from tui.render.machine_line import Row, width_of
from tui.render.machine_scene import Scene, heat, ordered, parts

SIZES = [(200, 57), (140, 37), (120, 37), (100, 30), (80, 21), (80, 10), (60, 12), (40, 10), (40, 7)]


def drawn(seen: Scene, width: int = 140, height: int = 37) -> list[Row]:
    return machine.draw(seen, machine.choose(seen, width, height), width)


def text(seen: Scene, width: int = 140, height: int = 37) -> str:
    return "\n".join("".join(part for part, _ in line).rstrip() for line in drawn(seen, width, height))


def changed(gpu: Gpu, **values: Any) -> Gpu:
    return msgspec.structs.replace(gpu, **values)


# Room --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_picture_fits_the_window(width: int, height: int, count: int) -> None:
    seen = scene(several(count))
    lines = drawn(seen, width, height)
    assert len(lines) <= height
    assert {width_of(line) for line in lines} == {width}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(30, 230),
    st.integers(4, 70),
    st.integers(0, 17),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_every_line_has_the_width_of_the_window_whatever_is_shown(
    width: int, height: int, count: int, processes: bool, traffic: bool, ascii_only: bool
) -> None:
    seen = scene(several(count), processes=processes, traffic=traffic)
    if ascii_only:
        seen = msgspec.structs.replace(seen, glyphs=ASCII)
    for line in drawn(seen, width, height):
        assert width_of(line) == width
        assert not ascii_only or all(part.isascii() for part, _ in line)


@pytest.mark.parametrize(
    ("count", "width", "height", "gpus"),
    [
        (1, 140, 37, "cards"),
        (2, 80, 21, "cards"),
        (4, 200, 57, "cards"),
        (1, 40, 10, "cards"),
        (2, 80, 10, "rows"),
        (8, 80, 21, "rows"),
        (16, 120, 37, "rows"),
        (16, 40, 10, "cells"),
    ],
)
def test_many_gpus_are_rows_and_in_a_pane_cells(count: int, width: int, height: int, gpus: str) -> None:
    seen = scene(several(count))
    assert machine.choose(seen, width, height).gpus == gpus
    assert all(re.search(rf"(?m)^(.*\D|) *{index} ", text(seen, width, height)) for index in range(count))


def test_more_room_makes_taller_graphs_and_a_wide_window_puts_cards_beside_each_other() -> None:
    seen = scene((FIRST,))
    tall = [machine.choose(seen, 140, height).tall for height in range(16, 40)]
    assert tall == sorted(tall)
    assert tall[-1] > tall[0]
    assert machine.choose(scene(several(8)), 200, 57).columns == 2


def test_a_pane_of_ten_lines_has_the_gpu_the_models_and_the_host() -> None:
    lines = text(scene((FIRST,)), 40, 10).splitlines()
    assert len(lines) == 10
    assert lines[0].split() == ["GPU", "0", "RTX", "5090", "71", "°C", "480", "W"]
    assert "94 %" in lines[1]
    assert "59 %" in lines[2]
    assert "qwen3-coder" in lines[6]
    assert "cpu" in lines[8]
    assert "disk" in lines[9]


def test_what_does_not_fit_is_scrolled_to() -> None:
    seen = scene(several(17), processes=True)
    assert len(drawn(seen, 40, 10)) > 10


# Calm --------------------------------------------------------------------------------------------

_MARKS = re.compile(r"%| of |°C| W|GHz|MHz|GiB|tok/s|J/token|B/s|free|GPU|ctx|rpm")


def _quiet(seen: Sample) -> Sample:
    gpus = tuple(
        changed(gpu, busy=0.0, power=9.0, temperature=8.0, clock=210.0, fan=0.0, memory_used=0)
        for gpu in seen.gpus
    )
    host = msgspec.structs.replace(
        HOST, cpu=0.0, received=1_000.0, sent=9.9e9, memory_available=64 * GIB, load=(17.25, 0.0, 0.0)
    )
    models = tuple(
        msgspec.structs.replace(model, tokens_per_second=142.7, joules_per_token=0.1) if model.jobs else model
        for model in seen.models
    )
    return msgspec.structs.replace(seen, gpus=gpus, host=host, models=models)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("count", [1, 2, 16])
def test_nothing_moves_while_numbers_change(width: int, height: int, count: int) -> None:
    busy = sample(several(count))
    plan = machine.choose(scene(of=busy), width, height)

    def places(seen: Sample) -> list[list[tuple[int, str]]]:
        lines = ["".join(part for part, _ in line) for line in machine.draw(scene(of=seen), plan, width)]
        # The legend names who holds memory, and with none in use it has nobody to name.
        lines = [re.split(r"▌(?=[a-z])", line)[0] for line in lines]
        marks = [[(found.start(), found[0]) for found in _MARKS.finditer(line)] for line in lines]
        return [[(at, word) for at, word in found if word not in {"GHz", "MHz"}] for found in marks]

    assert places(busy) == places(_quiet(busy))


def test_a_state_is_never_a_colour_alone() -> None:
    hot = changed(FIRST, temperature=87.0, throttle=("hot",))
    lost = changed(SECOND, state="lost", busy=None, says="It has fallen off the bus.")
    spilled = LoadedModel("llama3.1:70b", 40 * GIB, 30 * GIB, 8192, None)
    seen = scene(of=sample((hot, lost), loaded=(spilled,), alerts=(HOT,)), away=False)
    for width, height in SIZES:
        for line in drawn(seen, width, height):
            for hue in ("warn", "bad", "good"):
                painted = "".join(part for part, ink in line if ink == hue)
                assert not painted or re.search(r"[▲✗✓]|[a-z]{3}", painted), painted


# What is said ------------------------------------------------------------------------------------


def test_before_the_first_look_it_says_what_it_does() -> None:
    assert text(Scene()).strip().endswith("Looking at the machine…")


def test_without_a_gpu_it_says_so_and_shows_the_host() -> None:
    note = "No GPU was found here: models run on the processor, which works and takes its time."
    told = text(scene(of=sample((), gpu_note=note)))
    assert note in told
    assert "21.0 of 64.0 GiB" in told
    assert "812 GB free" in told
    assert "▲" not in told  # on a machine without a GPU the processor is where a model belongs


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_model_on_its_way_into_memory_is_named_with_what_waits_for_it(width: int, height: int) -> None:
    job = RunningJob("7", "qwen3-coder:30b", "Backup script for Postgres", "loading for")
    told = text(scene(of=sample((FIRST,), loaded=(), jobs=(), arriving=(job,))), width, height)
    assert "qwen3-coder" in told
    assert "loading for" in told
    assert "none in memory" not in told


def test_a_model_that_rests_tells_what_its_last_answer_took() -> None:
    rests = LoadedModel("qwen3-coder:30b", 17 * GIB, 17 * GIB, 32_768, START + 252, 1460.0)
    assert "last answer 1.46 kJ" in text(scene(of=sample((FIRST,), loaded=(rests,), jobs=())), 200, 57)
    works = text(scene(of=sample((FIRST,), loaded=(rests,))), 200, 57)
    assert 'answering "Backup script for Postgres"' in works
    assert "last answer" not in works


def test_while_the_driver_starts_there_is_a_host_already() -> None:
    told = text(scene(of=sample((), gpus_age=None)))
    assert "Looking for GPUs…" in told
    assert "cpu" in told


def test_a_driver_that_does_not_fit_is_explained_whole_on_every_width() -> None:
    note = (
        "The NVIDIA driver was upgraded while the old one still runs: restart the machine "
        "(or reload the driver's modules), then start Leitstand again."
    )
    for width in (40, 80, 140):
        assert note in " ".join(text(scene(of=sample((), gpu_note=note)), width, 20).split())


def test_what_is_old_is_marked_with_its_age() -> None:
    seen = sample(
        (FIRST,), gpus_age=7.0, gpu_note="The GPU driver has not answered for 7 s: its gauges are of before."
    )
    told = text(scene(of=seen))
    assert "▲ stale 7.0 s" in told
    assert "has not answered" in told


@pytest.mark.parametrize(
    ("state", "word"),
    [("asleep", "◌ asleep"), ("resting", "○ resting"), ("lost", "✗ lost"), ("silent", "▲ silent")],
)
def test_a_gpu_that_tells_nothing_says_why(state: str, word: str) -> None:
    still = Gpu("GPU-9", 1, "NVIDIA GeForce RTX 4070", "nvidia", state, "It saves power and is not woken.")  # type: ignore[arg-type]  # states of the table
    told = text(scene((FIRST, still)))
    assert word in told
    assert "It saves power and is not woken." in told
    assert "0 %" not in told.split("RTX 4070")[1].split("Models")[0]
    assert word in text(scene((*several(9), changed(still, key="GPU-10"))), 120, 30)


def test_shared_memory_is_said_instead_of_an_empty_bar() -> None:
    shared = changed(
        CARD,
        state="unified",
        memory_total=None,
        memory_used=None,
        memory_free=None,
        says="Its memory is the machine's.",
    )
    told = text(scene((shared,)))
    assert "shared memory" in told
    assert "Its memory is the machine's." in told


def test_unknown_values_are_dashes_and_rows_without_any_are_left_out() -> None:
    poor = Gpu("pci:0", 0, "Intel Arc A770", "intel", clock=2400.0, says="Intel's driver shows its clock.")
    told = text(scene((poor,)))
    assert "╌" in told
    assert "2.40 GHz" in told
    assert "power" not in told.split("Models")[0]


def test_names_from_outside_are_text() -> None:
    evil = "\x1b]52;c;x\x07\u202eGPU[red]"
    gpu = changed(FIRST, name=evil, processes=(GpuProcess(1, evil, GIB, "compute", evil),))
    loaded = (LoadedModel(evil, GIB, GIB, 8192, None),)
    seen = scene(
        of=sample(
            (gpu,), loaded=loaded, gpu_note=evil, alerts=(Alert("disk", "", "warning", evil, evil, START),)
        ),
        processes=True,
    )
    for width, height in SIZES:
        assert not {"\x1b", "\x07", "\u202e"} & set(text(seen, width, height))
    assert "[red]" in text(seen)


def test_an_alert_stands_on_top_and_further_ones_are_counted() -> None:
    many = tuple(msgspec.structs.replace(HOT, subject=str(index)) for index in range(5))
    lines = text(scene(of=sample(alerts=many))).splitlines()
    assert lines[1].startswith(" ▲ GPU 0 is 85 °C hot")
    assert lines[4].strip() == "and 2 more: a shows them all"


def test_a_simulated_machine_says_so_and_a_frozen_picture_too() -> None:
    told = text(scene(of=sample(simulated=True), frozen=True))
    assert "simulated" in told
    assert "frozen" in told


def test_no_model_teaches_and_a_server_away_is_not_no_model() -> None:
    assert "the next question loads one" in text(scene(of=sample(loaded=(), jobs=())))
    assert "the server does not answer" in text(scene(of=sample(loaded=(), jobs=()), away=True))


def test_a_model_that_spills_is_marked_where_there_is_a_gpu() -> None:
    spilled = (LoadedModel("llama3.1:70b", 40 * GIB, 30 * GIB, 8192, None),)
    assert "75 % GPU▲" in text(scene(of=sample(loaded=spilled)))
    assert "0 % GPU▲" not in text(scene(of=sample((), loaded=(LoadedModel("a", GIB, 0),))))


def test_how_long_a_model_stays_is_said() -> None:
    told = text(scene())
    assert "unloads in  4 m 12 s" in told
    assert "stays" in told
    ending = (LoadedModel("a", GIB, GIB, 8192, START - 3),)
    assert "unloads now" in text(scene(of=sample(loaded=ending)))


def test_the_queue_is_counted_where_somebody_waits() -> None:
    assert "queue: 1 running, 2 waiting" in text(scene(queue=(1, 2)))
    assert "queue 3" in text(scene((FIRST,), queue=(1, 2)), 80, 10)
    assert "queue" not in text(scene(queue=(0, 0)))


# Memory ------------------------------------------------------------------------------------------


def _parts(gpu: Gpu, seen: Sample) -> list[tuple[str, float]]:
    return [(part.name, round(part.size / GIB, 1)) for part in parts(gpu, seen)]


def test_processes_say_who_holds_the_memory() -> None:
    seen = sample()
    assert _parts(seen.gpus[0], seen) == [("qwen3-coder:30b", 17.6), ("other", 1.4)]
    assert _parts(seen.gpus[1], seen) == [("nomic-embed-text:latest", 0.3), ("other", 2.8)]


def test_with_one_gpu_the_servers_word_is_enough() -> None:
    seen = sample((CARD,))
    assert _parts(CARD, seen) == [
        ("qwen3-coder:30b", 17.6),
        ("nomic-embed-text:latest", 0.3),
        ("other", 1.1),
    ]
    elsewhere = msgspec.structs.replace(seen, models_here=False)
    assert _parts(CARD, elsewhere) == [("other", 19.0)]


def test_with_several_gpus_nothing_is_guessed() -> None:
    bare = (CARD, changed(SECOND, processes=None))
    assert _parts(bare[0], sample(bare)) == [("other", 19.0)]


@given(st.integers(0, 40), st.lists(st.integers(0, 40), max_size=6))
def test_the_parts_are_never_more_than_what_is_used(used: int, models: list[int]) -> None:
    loaded = tuple(LoadedModel(f"m{index}", size * GIB, size * GIB) for index, size in enumerate(models))
    gpu = changed(CARD, memory_used=used * GIB)
    assert sum(part.size for part in parts(gpu, sample((gpu,), loaded=loaded))) == used * GIB


def test_the_legend_has_the_order_and_the_sizes_of_the_bar() -> None:
    told = text(scene((CARD,)))
    assert re.search(r"▌qwen3-coder:30b 17\.6 +▌nomic-embed-text +0\.3 +▌other +1\.1", told)
    plain = text(msgspec.structs.replace(scene((CARD,)), glyphs=ASCII))
    assert re.search(r"A{10,}.*B.*C", plain)
    assert "A qwen3-coder:30b" in plain


# Lists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "first"), [("number", 0), ("busy", 8), ("memory", 0), ("heat", 5)])
def test_gpus_are_sorted(order: Any, first: int) -> None:
    gpus = several(9)
    assert (
        ordered((*gpus, changed(CARD, busy=None, temperature=None, memory_used=None, index=99)), order)[
            0
        ].index
        == first
    )
    if order != "number":
        assert (
            ordered((changed(CARD, busy=None, temperature=None, memory_used=None, index=99), *gpus), order)[
                -1
            ].index
            == 99
        )


def test_processes_of_gpus_and_of_the_server_are_one_list() -> None:
    seen = scene(processes=True)
    found = machine_host.processes(seen)
    assert [(one.pid, one.name, one.gpu, one.about) for one in found] == [
        (41_000, "llama-server", "0", "qwen3-coder:30b"),
        (3117, "python", "1", ""),
        (41_001, "llama-server", "1", "nomic-embed-text:latest"),
        (1204, "ollama", "", "the server"),
    ]
    assert found[0].cpu == 98.0
    by_name = machine_host.processes(msgspec.structs.replace(seen, process_order="name"))
    assert [one.name for one in by_name] == sorted(one.name for one in found)
    by_cpu = machine_host.processes(msgspec.structs.replace(seen, process_order="cpu"))
    assert by_cpu[0].pid == 41_000


def test_processes_that_a_system_keeps_to_itself_are_not_invented() -> None:
    quiet = msgspec.structs.replace(HOST, ollama=None)
    told = text(scene(of=sample((changed(CARD, processes=None),), host=quiet), processes=True))
    assert "as far as this system says" in told


def test_the_bus_has_a_line_while_it_is_looked_at() -> None:
    busy = changed(CARD, pcie_received=12_100_000.0, pcie_sent=3_200_000.0)
    assert "↓ 12.1 MB/s  ↑ 3.20 MB/s" in text(scene((busy,), traffic=True))
    assert "pcie" not in text(scene((busy,)))


def test_a_card_says_how_hot_too_hot_is() -> None:
    limits = scene().facts
    assert heat(changed(CARD, temperature=82.0), limits["GPU-0"]) == "fine"
    assert heat(changed(CARD, temperature=83.0), limits["GPU-0"]) == "warn"
    assert heat(changed(CARD, temperature=88.0), limits["GPU-0"]) == "bad"
    assert heat(changed(CARD, temperature=86.0), None) == "fine"
    assert heat(changed(CARD, temperature=None), None) == "unknown"


def test_the_plan_follows_what_is_there_and_not_the_numbers() -> None:
    busy = scene()
    assert machine.shape(busy) == machine.shape(scene(of=_quiet(sample())))
    assert machine.shape(busy) != machine.shape(scene((FIRST,)))
    assert machine.shape(busy) != machine.shape(scene(processes=True))
    assert machine.shape(Scene()) is None
    assert machine.choose(Scene(), 80, 20) == Plan("rows", host=18)


def test_a_host_without_disk_or_swap_is_drawn_without_them() -> None:
    bare = msgspec.structs.replace(HOST, swap_total=None, cores=None, load=None, cpu_temperature=None)
    told = text(scene(of=sample((), host=bare, volume=None)))
    assert "swap" not in told
    assert "disk" not in told
    known = text(scene(of=sample((), volume=Volume("/models", None, 5 * 10**9))))
    assert "5.00 GB free" in known
    assert MODELS[0].name in known
