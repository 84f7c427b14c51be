"""The part of the command line's table that is about running as a service."""

from __future__ import annotations

from core.cli.arguments import Argument, Verb, whole

SERVICE_VERBS = (
    Verb(
        "service install",
        "Let systemd run Leitstand without screens, now and at every start.",
        "Writes a unit of your own (no root needed), starts it, and enables it. The service hosts the "
        "engine: answers, downloads and the queue go on without any terminal, and `leitstand` opens the "
        "screens on it. It tells systemd when it is ready, and is restarted when it hangs.\n\n"
        "--data, --config and --host, and LEITSTAND_HOME and OLLAMA_HOST as they are now, are kept in the "
        "unit. Installing again brings it up to date.\n\n"
        "A user's services end with the last login unless `loginctl enable-linger` was said once.",
        "core.cli.service_verbs:install",
        (
            Argument("--print", "Print the unit, and change nothing."),
            Argument("--system", "Print a unit for the whole system; put it where its first line says."),
        ),
        (
            ("leitstand service install", "for you"),
            (
                "leitstand service install --system | sudo tee /etc/systemd/system/leitstand.service",
                "for the whole machine",
            ),
        ),
    ),
    Verb(
        "service uninstall",
        "Stop the service and remove its unit.",
        "What is running is finished or kept, as at every end. Chats, documents and settings stay.",
        "core.cli.service_verbs:uninstall",
        (),
        (("leitstand service uninstall", "it ends, and begins no more by itself"),),
    ),
    Verb(
        "service status",
        "Say whether the service runs, and what it is doing.",
        "Shows what systemd knows: the state, since when, the process, and the line Leitstand tells of "
        "itself. The exit code is 1 when it does not run.",
        "core.cli.service_verbs:status",
        (),
        (("leitstand service status --json | jq -r .state", "for a script"),),
    ),
    Verb(
        "service logs",
        "Show what the service wrote.",
        "From the journal; where there is none, from the log file. It says what happened and where, never "
        "what was asked or answered.",
        "core.cli.service_verbs:logs",
        (
            Argument("--lines", "So many of the last lines.", "N", whole, default=50),
            Argument("--follow", "Go on until ctrl+c."),
        ),
        (("leitstand service logs --follow", "watch it"),),
    ),
)
