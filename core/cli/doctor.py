"""`doctor`: everything Leitstand needs, looked at from outside. Nothing is made, locked or changed."""

from __future__ import annotations

from collections.abc import Iterator

from core.cli.checks import holder_check, store_check
from core.cli.context import Context
from core.cli.exits import DONE, FAILED
from core.cli.output import Output, Styled, bold, dim, green, red, yellow
from core.cli.reach import looked_at, others, server
from core.config import file
from core.errors import LeitstandError, UsageError
from core.health import Check, config_checks, data_check, disk_check, host_checks, server_check


async def doctor(context: Context) -> int:
    """Print every check; fail when one does."""
    checks = [*await _server(context), *_core(context), *context.terminal_checks(context)]
    if context.out.json:
        context.out.value(checks)
    else:
        _print(context.out, checks)
    return FAILED if any(check.state == "fail" for check in checks) else DONE


async def _server(context: Context) -> list[Check]:
    try:
        async with server(context) as ollama:
            state, _ = await looked_at(ollama, demo=context.values["demo"])
            notes = ollama.address.notes
    except UsageError:
        raise
    except LeitstandError as error:  # the settings or the environment hold no address
        return [Check("server", "fail", error.message, error.hint)]
    found = [server_check(state), *(Check("server address", "warn", note) for note in notes)]
    hosts, problems = await others(context)
    return [*found, *host_checks(hosts, problems)]


def _core(context: Context) -> Iterator[Check]:
    paths = context.paths
    yield from config_checks(paths.config, file.load(paths.config).problems)
    yield data_check(paths)
    yield disk_check(paths)
    yield store_check(paths.database)
    yield holder_check(paths.lock)


def _print(out: Output, checks: list[Check]) -> None:
    signs = ("✓", "▲", "✗") if out.unicode else ("v", "!", "x")
    labels = {
        "ok": green(f"{signs[0]} ok  "),
        "warn": yellow(f"{signs[1]} warn"),
        "fail": red(f"{signs[2]} fail"),
    }
    width = max(len(check.check) for check in checks)
    for check in checks:
        out.line(labels[check.state], "  ", bold(check.check.ljust(width)), "  ", check.message)
        if check.hint:
            out.line(" " * (width + 10), dim(check.hint))
    out.line()
    out.line(_summary(checks))


def _summary(checks: list[Check]) -> Styled | str:
    failed = sum(check.state == "fail" for check in checks)
    warned = sum(check.state == "warn" for check in checks)
    if not failed and not warned:
        return "Everything is well."
    counted = [f"{failed} failed"] * bool(failed) + [f"{warned} to look at"] * bool(warned)
    return f"{' and '.join(counted)}, {len(checks)} checks."
