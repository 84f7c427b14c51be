"""What holds for every test: examples are judged by what they show, and no test stands still for ever."""

from __future__ import annotations

import faulthandler
import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from core.heap import YOUNG, hold

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
hold()

_LAST = 60.0
"""Seconds after a test's own limit: the signal of that can be lost in a task that nobody waits for."""

_ERRORS = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the way to the person, before tests take it."""
    config.stash[_ERRORS] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give it back."""
    os.close(config.stash[_ERRORS])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """End a test that its limit has not ended, and say where every thread stands."""
    marker = item.get_closest_marker("timeout")
    limit = float(marker.args[0] if marker and marker.args else item.config.getini("timeout") or 0)
    if limit:
        faulthandler.dump_traceback_later(limit + _LAST, exit=True, file=item.config.stash[_ERRORS])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay to the end: nothing looks through them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two more workers than there are cores: who waits for a screen, a terminal or a disk leaves one free."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    affinity = getattr(os, "sched_getaffinity", None)
    return 2 + (len(affinity(0)) if affinity else os.cpu_count() or 1)
