"""The systemd units Leitstand can run under, as text. Pure.

Two of them: a user's own, and one for the whole system. A user unit must not ask for what only the
system manager may do (ProtectSystem, PrivateTmp and the like): it would fail before it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAME = "leitstand.service"

STOP_SECONDS = 45
"""Longer than the graceful stop takes at most."""

WATCHDOG_SECONDS = 60

_HARDENING = """\
# Works in every unit: none of these needs a privilege.
NoNewPrivileges=yes
LockPersonality=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
UMask=0077
"""

_SYSTEM_HARDENING = """\
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectClock=yes
RestrictNamespaces=yes
CapabilityBoundingSet=
"""
# No PrivateDevices: it would hide the GPUs.


_SYSTEM_ORDER = """\
# After Ollama where that is a service too; without it Leitstand starts all the same and waits.
After=network-online.target ollama.service
Wants=network-online.target
"""


def user_unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the unit of one user."""
    return _unit(
        command,
        environment,
        order="",
        install="default.target",
        service=_HARDENING,
        heading="For one user: ~/.config/systemd/user/leitstand.service",
    )


def system_unit(
    command: Sequence[str], environment: Mapping[str, str], user: str, groups: Sequence[str] = ()
) -> str:
    """Return the unit of the whole system, run as *user* who also belongs to *groups*.

    A group that does not exist would keep the unit from starting.
    """
    own = f"User={user}\n" + (f"SupplementaryGroups={' '.join(groups)}\n" if groups else "")
    own += (
        "StateDirectory=leitstand\nRuntimeDirectory=leitstand\nCacheDirectory=leitstand\n"
        "StateDirectoryMode=0700\nRuntimeDirectoryMode=0700\nCacheDirectoryMode=0700\n"
    )
    return _unit(
        command,
        {**environment, "LEITSTAND_HOME": "/var/lib/leitstand"},
        order=_SYSTEM_ORDER,
        install="multi-user.target",
        service=own + _HARDENING + _SYSTEM_HARDENING,
        heading="For the whole system: /etc/systemd/system/leitstand.service",
    )


def _unit(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    order: str,
    install: str,
    service: str,
    heading: str,
) -> str:
    settings = "".join(
        f"Environment={quoted(f'{name}={value}')}\n" for name, value in sorted(environment.items())
    )
    return (
        f"# {heading}\n"
        "[Unit]\n"
        "Description=Leitstand, the control room for local language models\n"
        f"{order}"
        "StartLimitIntervalSec=300\n"
        "StartLimitBurst=5\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        "NotifyAccess=main\n"
        f"ExecStart={' '.join(quoted(word) for word in command)}\n"
        f"{settings}"
        "Restart=on-failure\n"
        "RestartSec=2\n"
        f"WatchdogSec={WATCHDOG_SECONDS}\n"
        "KillMode=mixed\n"
        f"TimeoutStopSec={STOP_SECONDS}\n"
        "OOMPolicy=continue\n"
        f"{service}"
        "\n"
        "[Install]\n"
        f"WantedBy={install}\n"
    )


def quoted(word: str) -> str:
    """Write a word so that systemd reads just it: spaces, quotes, % and $ have a meaning there."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = plain.replace("\n", "\\n").replace("\t", "\\t")
    return f'"{plain}"' if plain != word or " " in word or not word or "'" in word or ";" in word else plain
