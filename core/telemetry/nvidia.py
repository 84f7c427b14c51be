"""NVIDIA's GPUs: found, followed by UUID, read, left alone while they sleep, taken back when they return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.telemetry.nvidia_device import Device, Gone, Surroundings
from core.telemetry.nvml import Nvml, Outcome
from core.telemetry.probes import Ask, GpuReading, Traffic
from core.telemetry.sysfs import SLEEPS, SYS, Card, NvidiaCards
from core.telemetry.types import Gpu, GpuFacts, GpuState, Pcie

_RELIST = 60.0
_REST_AFTER = 30.0
_REST_FOR = 60.0
_FORGET = 3600.0
_BACK_OFF = (2.0, 60.0)
_NAMELESS = "nvidia:"

RESTS = "Idle, and left alone so that it can fall asleep."
BESIDE = "Not read, because that would wake the GPU that sleeps beside it."
LOST = "It has fallen off the bus. A restart of the machine usually brings it back."
NEEDS_RESET = "It has to be reset before it works again: restart the machine, or use nvidia-smi --gpu-reset."
ABSENT = "The driver no longer lists it."

_NOTES = {
    Outcome.NO_BINDING: (
        "The Python package nvidia-ml-py is missing or replaced: install Leitstand again to see NVIDIA GPUs."
    ),
    Outcome.NO_LIBRARY: "An NVIDIA GPU is built in, but its driver is not installed.",
    Outcome.NOT_LOADED: (
        "The NVIDIA driver is installed but not loaded: restart the machine, or run modprobe nvidia."
    ),
    Outcome.MISMATCH: (
        "The NVIDIA driver was upgraded while the old one still runs: restart the machine "
        "(or reload the driver's modules), then start Leitstand again."
    ),
    Outcome.FORBIDDEN: "This user may not talk to the NVIDIA driver: check the permissions of /dev/nvidia*.",
    Outcome.LOST: "The NVIDIA driver finds no GPU that answers.",
    Outcome.CLOSED: "The NVIDIA driver is starting.",
}
_WITHOUT_CARDS = (Outcome.NO_BINDING, Outcome.NO_LIBRARY, Outcome.NOT_LOADED)
_TROUBLE = "The NVIDIA driver answers with an error; it is asked again from time to time."
_NONE_FOUND = "The NVIDIA driver is loaded but lists no GPU."


class NvidiaProbe:
    """Looks at NVIDIA's GPUs through NVML. One thread calls `read`, another may call `traffic`."""

    def __init__(
        self,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - immutable
        root: Path = SYS,
        library: Callable[[], Nvml] = Nvml,
    ) -> None:
        self._surroundings = surroundings
        self._cards = NvidiaCards(root)
        self._nvml = library()
        self._devices: dict[str, Device] = {}
        self._driver: str | None = None
        self._listed = 0.0
        self._count = 0
        self._note = ""
        self._retry_at = 0.0
        self._delay = _BACK_OFF[0]
        self._idle_since: float | None = None
        self._rest_until = 0.0
        self._in_use = threading.Lock()
        """Held while PCIe traffic is measured, and from closing the library to knowing its devices again."""

    def read(self, ask: Ask) -> GpuReading:
        """Look at every GPU that may be looked at."""
        cards = self._cards.look(ask.now)
        if not self._nvml.is_open and (left_alone := self._leave_alone(cards, ask)) is not None:
            return left_alone
        if not self._nvml.is_open and not self._open(cards, ask.now):
            return GpuReading((), (), self._note)
        self._refresh(ask)
        rows = self._rows(cards, ask)
        if not self._nvml.is_open:
            return GpuReading((), (), self._note)  # it stopped answering meanwhile
        self._consider_rest(cards, rows, ask)
        return GpuReading(tuple(rows), self._facts(), "" if rows else _NONE_FOUND)

    def _rows(self, cards: list[Card], ask: Ask) -> list[Gpu]:
        if any(card.may_sleep for card in cards):
            # Whether a GPU is in use decides whether it may be left alone.
            ask = msgspec.structs.replace(ask, processes=True)
        asleep = {card.bus for card in cards if card.asleep}
        devices = sorted(self._devices.values(), key=lambda device: device.index)
        # A look may close the library: the devices after it are not asked any more.
        return [self._row(device, ask, asleep) for device in devices if self._nvml.is_open]

    def _facts(self) -> tuple[GpuFacts, ...]:
        return tuple(device.facts for device in self._devices.values() if device.facts is not None)

    def _row(self, device: Device, ask: Ask, asleep: set[str]) -> Gpu:
        if device.bus in asleep:
            return device.still("asleep", SLEEPS)
        if device.state == "lost":
            return device.still("lost", device.says)  # it comes back by being listed again
        try:
            return device.look(ask)
        except Gone as gone:
            self._went(device, gone.outcome, ask.now)
            return device.still(device.state, device.says)

    def _went(self, device: Device, outcome: Outcome, now: float) -> None:
        if outcome in (Outcome.LOST, Outcome.NEEDS_RESET):
            device.lose(NEEDS_RESET if outcome is Outcome.NEEDS_RESET else LOST, now)
            return
        self._nvml.close()
        self._fail(outcome, now)

    # Opening and listing.

    def _open(self, cards: list[Card], now: float) -> bool:
        if now < self._retry_at or not self._in_use.acquire(blocking=False):
            return False
        try:
            outcome = self._nvml.open()
            if outcome is Outcome.OK:
                self._note, self._retry_at, self._delay = "", 0.0, _BACK_OFF[0]
                self._driver = self._nvml.driver()
                self._idle_since = None
                self._list(now)
                return self._nvml.is_open
        finally:
            self._in_use.release()
        self._fail(outcome, now)
        if outcome in _WITHOUT_CARDS and not cards:
            self._note = ""  # a machine without NVIDIA: nothing is wrong
        return False

    def _fail(self, outcome: Outcome, now: float) -> None:
        self._note = _NOTES.get(outcome, _TROUBLE)
        self._retry_at = now + self._delay
        self._delay = min(self._delay * 2, _BACK_OFF[1])

    def _refresh(self, ask: Ask) -> None:
        """List the GPUs again: now and then, when their number changed, when a lost one may be back."""
        lost = [device for device in self._devices.values() if device.state == "lost"]
        if any(ask.now >= device.retry_at for device in lost):
            self._reopen(ask.now)
        elif ask.now - self._listed >= _RELIST or (
            ask.slow and self._nvml.count().value not in (None, self._count)
        ):
            self._list(ask.now)

    def _reopen(self, now: float) -> None:
        """Start the library anew: it does not see a GPU that came back otherwise."""
        if not self._in_use.acquire(blocking=False):
            return
        try:
            self._nvml.close()
            outcome = self._nvml.open()
            if outcome is Outcome.OK:
                self._list(now)
            else:
                self._fail(outcome, now)
        finally:
            self._in_use.release()

    def _list(self, now: float) -> None:
        """Find out which GPUs there are; those that are known keep what is known about them."""
        self._listed = now
        count, outcome = self._nvml.count()
        if outcome is not Outcome.OK:
            # What the devices were asked with may be of before the library was opened again.
            self._nvml.close()
            self._fail(outcome, now)
            return
        self._count = count
        known = {key: device for key, device in self._devices.items() if not key.startswith(_NAMELESS)}
        self._devices = {}
        silent = [index for index in range(count) if not self._meet_whole(index, known)]
        for key, device in known.items():
            gone_for = 0.0 if device.lost_since is None else now - device.lost_since
            # A slice is remade at will, and a card gone for an hour was taken out.
            if key not in self._devices and device.parent is None and gone_for < _FORGET:
                device.lose(device.says or (LOST if device.index in silent else ABSENT), now)
                self._devices[key] = device
        taken = {device.index for device in self._devices.values()}
        for index in silent:
            if index not in taken:  # lost before it ever said who it is
                nameless = self._device(f"{_NAMELESS}{index}")
                nameless.index = index
                nameless.lose(LOST, now)
                self._devices[nameless.key] = nameless

    def _meet_whole(self, index: int, known: dict[str, Device]) -> bool:
        """Take in the GPU at *index* and its slices; False when it does not say who it is."""
        handle, outcome = self._nvml.handle(index)
        device = self._meet(index, handle, known) if outcome is Outcome.OK else None
        if device is None:
            return False
        device.divided = self._nvml.read("mig", handle).value == 1
        slots = (self._nvml.read("mig_slots", handle).value or 0) if device.divided else 0
        for slot in range(slots):
            part, outcome = self._nvml.slice(handle, slot)
            if outcome is Outcome.OK:
                self._meet(index, part, known, device.key)
        return True

    def _meet(
        self, index: int, handle: object, known: dict[str, Device], parent: str | None = None
    ) -> Device | None:
        uuid, outcome = self._nvml.read("uuid", handle)
        if outcome is not Outcome.OK:
            return None
        device = known.get(uuid) or self._device(uuid, parent)
        device.meet(index, handle, self._listed)
        self._devices[uuid] = device
        return device

    def _device(self, key: str, parent: str | None = None) -> Device:
        return Device(self._nvml, key, self._surroundings, self._driver, parent)

    # Sleep.

    def _leave_alone(self, cards: list[Card], ask: Ask) -> GpuReading | None:
        """Answer without the library when opening it would wake somebody up or keep somebody awake."""
        if any(card.asleep for card in cards):
            rows = [self._resting(card, SLEEPS if card.asleep else BESIDE) for card in cards]
        elif ask.now < self._rest_until and not ask.models:
            rows = [self._resting(card, RESTS) for card in cards]
        else:
            return None
        numbered = tuple(msgspec.structs.replace(gpu, index=index) for index, gpu in enumerate(rows))
        return GpuReading(numbered, self._facts())

    def _resting(self, card: Card, says: str) -> Gpu:
        state: GpuState = "asleep" if card.asleep else "resting"
        for device in self._devices.values():
            if device.bus == card.bus and device.parent is None:
                return device.still(state, says)
        return Gpu(f"pci:{card.bus}", 0, "NVIDIA GPU", "nvidia", state, says)

    def _consider_rest(self, cards: list[Card], rows: list[Gpu], ask: Ask) -> None:
        """Close the library after a while of idleness where that lets a GPU fall asleep."""
        idle = not ask.models and all(not gpu.busy and not gpu.processes for gpu in rows)
        if not idle or not any(card.may_sleep for card in cards):
            self._idle_since = None
            return
        if self._idle_since is None:
            self._idle_since = ask.now
        if ask.now - self._idle_since < (_REST_AFTER if ask.watched else 0.0):
            return
        if self._in_use.acquire(blocking=False):
            try:
                self._nvml.close()
                self._rest_until = ask.now + _REST_FOR
            finally:
                self._in_use.release()

    # PCIe.

    def traffic(self) -> Traffic:
        """Measure what goes to and from each GPU; 20 ms a direction."""
        measured: dict[str, Pcie] = {}
        for device in list(self._devices.values()):
            with self._in_use:
                if self._nvml.is_open and device.state == "ok" and device.parent is None:
                    measured[device.key] = device.traffic()
        return measured

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.close()
