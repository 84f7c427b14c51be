from __future__ import annotations

import pytest

from core import errors
from core.cli.exits import MEANINGS, exit_code


def test_every_error_has_a_documented_number() -> None:
    known = {code for code, _ in MEANINGS}
    for kind in errors.BY_CODE.values():
        assert exit_code(kind("x")) in known - {0}, kind


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (errors.LeitstandError, 1),
        (errors.NotFound, 1),
        (errors.ConfigError, 1),
        (errors.StoreDamaged, 1),
        (errors.ModelNotFound, 1),
        (errors.UsageError, 2),
        (errors.ServerUnavailable, 3),
        (errors.NotOllama, 3),
        (errors.ServerBusy, 3),
        (errors.DiskFull, 4),
        (errors.NotEnoughMemory, 4),
        (errors.PermissionRefused, 4),
        (errors.DataDirectoryError, 4),
        (errors.DataDirectoryBusy, 4),
        (errors.StoreNewer, 4),
        (errors.Cancelled, 130),
    ],
)
def test_scripts_rely_on_these(kind: type[errors.LeitstandError], number: int) -> None:
    assert exit_code(kind("x")) == number
