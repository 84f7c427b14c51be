"""The verbs that begin with `service`: Leitstand as a systemd service of its user."""

from __future__ import annotations

import grp
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.cli.context import Context
from core.cli.exits import DONE, FAILED
from core.cli.output import Piece, bold, dim, green, red, yellow
from core.daemon.units import NAME, system_unit, user_unit
from core.errors import LeitstandError, NotFound

_GROUPS = ("video", "render")
"""Who may use the GPUs' devices."""

_KEPT = ("LEITSTAND_HOME", "OLLAMA_HOST", "CUDA_VISIBLE_DEVICES")
"""What of the environment a service keeps from whoever installs it."""

_SHOWN = ("LoadState", "ActiveState", "SubState", "StatusText", "MainPID", "ActiveEnterTimestamp", "Result")

_COLOURS = {"active": green, "activating": yellow, "deactivating": yellow, "failed": red}


def install(context: Context) -> int:
    """Write the unit, and start it now and at every login; or print the one for the whole system."""
    out = context.out
    if context.values["system"]:
        user = os.environ.get("SUDO_USER") or _user()
        groups = [group for group in _GROUPS if _exists(group)]
        out.text(system_unit(command(context), _environment(context), user, groups))
        return DONE
    text = user_unit(command(context), _environment(context))
    if context.values["print"]:
        out.text(text)
        return DONE
    where = unit_path(context)
    _systemctl(context, "daemon-reload")  # whether anybody is there, before anything is written
    _write(where, text)
    _systemctl(context, "daemon-reload")
    _systemctl(context, "enable", NAME)
    # Restarted rather than started: what runs may be an older unit.
    _systemctl(context, "restart", NAME)
    if out.json:
        out.value({"unit": str(where), "installed": True, "lingers": _lingers(context)})
        return DONE
    out.line("Installed and started: ", str(where))
    out.line(dim("`leitstand service status` shows it; `leitstand` opens the screens on it."))
    if _lingers(context) is False:
        out.line("It ends when you log out. To keep it running: ", bold("loginctl enable-linger"))
    return DONE


def uninstall(context: Context) -> int:
    """Stop the service and take its unit away; what it kept stays."""
    where = unit_path(context)
    if not where.exists():
        raise NotFound("There is no Leitstand service of yours.", "`leitstand service install` makes one.")
    _systemctl(context, "disable", "--now", NAME)
    where.unlink()
    _systemctl(context, "daemon-reload")
    if context.out.json:
        context.out.value({"unit": str(where), "installed": False})
    else:
        context.out.line("Stopped and removed. Chats, documents and settings are where they were.")
    return DONE


def status(context: Context) -> int:
    """Say whether it runs, since when, and what it says of itself."""
    found = _properties(context)
    state, installed = found["ActiveState"], found["LoadState"] not in {"not-found", ""}
    if context.out.json:
        context.out.value(
            {
                "installed": installed,
                "state": state,
                "detail": found["SubState"],
                "status": found["StatusText"],
                "pid": int(found["MainPID"] or 0) or None,
                "since": found["ActiveEnterTimestamp"],
                "result": found["Result"],
            }
        )
    elif not installed:
        context.out.line("Not installed. `leitstand service install` does that.")
    else:
        context.out.table(list(_told(found)))
    return DONE if state == "active" else FAILED


def _told(found: dict[str, str]) -> Sequence[Sequence[Piece]]:
    state = found["ActiveState"]
    rows: list[Sequence[Piece]] = [
        (dim("state"), _COLOURS.get(state, dim)(f"{state} ({found['SubState']})")),
    ]
    for title, name in (("says", "StatusText"), ("since", "ActiveEnterTimestamp")):
        # What it said last, and since when it ran, is no longer so when it does not run.
        if found[name] and state not in {"inactive", "failed"}:
            rows.append((dim(title), found[name]))
    if found["MainPID"] not in {"", "0"}:
        rows.append((dim("process"), found["MainPID"]))
    if found["Result"] not in {"", "success"}:
        rows.append((dim("ended by"), red(found["Result"])))
    return rows


def logs(context: Context) -> int:
    """Show what it wrote: from the journal, or where there is none from the log file."""
    lines = str(context.values["lines"])
    path = context.environment.get("PATH")
    journal = shutil.which("journalctl", path=path)
    if journal is not None and (_has_entries(journal) or not context.paths.log.exists()):
        words = [journal, "--user-unit", NAME, "--no-pager", "-n", lines, "-o", "short-iso"]
        call = [*words, "--follow"] if context.values["follow"] else words
    else:
        tail = shutil.which("tail", path=path)
        if tail is None or not context.paths.log.exists():
            raise NotFound("There is no journal here, and no log file yet.")
        call = [tail, "-n", lines, *(["-f"] if context.values["follow"] else []), str(context.paths.log)]
    context.out.flush()
    return subprocess.run(call, check=False).returncode


def _has_entries(journal: str) -> bool:
    """Whether the journal has anything of the service: where nobody keeps one, the log file has it all."""
    asked = [journal, "--user-unit", NAME, "--no-pager", "--quiet", "-n", "1"]
    return bool(subprocess.run(asked, capture_output=True, check=False, timeout=30).stdout.strip())


def command(context: Context) -> list[str]:
    """What the service runs: this installation, on the data and settings that were asked for."""
    # -P: a folder called tui in the working directory must not be taken for ours.
    values = context.values
    places = [
        f"--{name}={Path(values[name]).expanduser().absolute()}"
        for name in ("data", "config")
        if values[name]
    ]
    host = [f"--host={values['host']}"] if values["host"] else []
    return [sys.executable, "-P", "-m", "tui", "serve", *places, *host]


def unit_path(context: Context) -> Path:
    """Where a user's own units are."""
    configuration = context.environment.get("XDG_CONFIG_HOME", "")
    home = Path(context.environment.get("HOME") or "~").expanduser()
    base = Path(configuration) if configuration.startswith("/") else home / ".config"
    return base / "systemd" / "user" / NAME


def _environment(context: Context) -> dict[str, str]:
    return {name: context.environment[name] for name in _KEPT if context.environment.get(name)}


def _write(where: Path, text: str) -> None:
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        new = where.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(where)
    except OSError as error:
        raise LeitstandError(f"The unit {where} cannot be written: {error.strerror}.") from None


def _systemctl(context: Context, *words: str) -> str:
    """Ask the user's own service manager; what it refuses is said in its own words."""
    found = shutil.which("systemctl", path=context.environment.get("PATH"))
    if found is None:
        raise LeitstandError(
            "There is no systemd on this machine.",
            "Let whatever starts services here run `leitstand serve`; it stays in the foreground.",
        )
    ended = subprocess.run(
        [found, "--user", *words],
        env=dict(context.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    if ended.returncode != 0 and words[0] != "show":
        said = " ".join(ended.stderr.split()) or f"exit code {ended.returncode}"
        raise LeitstandError(
            f"systemctl --user {' '.join(words)} failed: {said}",
            "Without a login session (sudo, cron) there may be no user manager: `loginctl enable-linger` "
            "starts one. `leitstand service install --system` prints a unit for the whole system.",
        )
    return ended.stdout


def _properties(context: Context) -> dict[str, str]:
    said = _systemctl(context, "show", NAME, f"--property={','.join(_SHOWN)}")
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return {name: found.get(name, "") for name in _SHOWN}


def _lingers(context: Context) -> bool | None:
    """Whether the user's services go on without a login; None where nobody knows."""
    found = shutil.which("loginctl", path=context.environment.get("PATH"))
    if found is None:
        return None
    ended = subprocess.run(
        [found, "show-user", _user(), "--property=Linger", "--value"],
        env=dict(context.environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return {"yes": True, "no": False}.get(ended.stdout.strip())


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _exists(group: str) -> bool:
    try:
        grp.getgrnam(group)
    except KeyError:
        return False
    return True
