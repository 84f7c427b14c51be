"""Runs a module as somebody who may not open everything: what root is told no other way."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PR_CAPBSET_DROP = 24
_OPENS_EVERYTHING = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
_GIVING_UP = f"""
import ctypes, os, sys
if os.geteuid() == 0:
    c = ctypes.CDLL(None, use_errno=True)
    for one in {_OPENS_EVERYTHING}:
        if c.prctl({_PR_CAPBSET_DROP}, one, 0, 0, 0):
            sys.exit("It keeps its rights: " + os.strerror(ctypes.get_errno()))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Rights are given up for good by what is started next, and by everything that this starts."""


def said_by_a_lowly(module: str, *arguments: str) -> str:
    """What a module prints, run by one for whom closed files and folders are closed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("rights are given up by a call of Linux")
    command = [sys.executable, "-c", _GIVING_UP, "-m", module, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if ended.stderr.startswith("It keeps its rights"):
        pytest.skip(ended.stderr.strip())
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
