"""The part of the command line's table that is about one engine with many faces."""

from __future__ import annotations

from core.cli.arguments import Argument, Verb

SERVE_VERBS = (
    Verb(
        "serve",
        "Run without screens; others attach to it.",
        "Works on the data directory until it is told to stop: answers, downloads and the queue go on "
        "without a terminal. Every `leitstand` on the same data directory attaches to it: the same screens, "
        "the same commands. It listens at a socket that only you can open, and at no network address.\n\n"
        "The first line says that it is ready and where its socket is. SIGTERM and ctrl+c stop it, and the "
        "exit code is 0: what runs gets ten seconds to finish; what does not is kept as far as it came, "
        "answers to the word, and goes on at the next start.\n\n"
        "With --json the first line is {ready, pid, socket, data}, the last one has done. As a service of "
        "systemd it is set up by `service install`.",
        "core.cli.serve_verb:serve",
        (
            Argument(
                "--detach", "Run in the background; return when it is ready, also when one runs already."
            ),
            Argument("--until-idle", "End when for a minute nothing is to do and nobody is attached."),
        ),
        (
            ("leitstand serve", "in this terminal"),
            ("leitstand serve --detach", "in the background"),
            ("leitstand serve --detach --json | jq -r .socket", "where it listens"),
        ),
    ),
    Verb(
        "attach",
        "Open the screens of a Leitstand that runs, here or on another machine.",
        "Without an address it attaches to the one that runs on this data directory; `leitstand` alone does "
        "the same, and hosts when none runs.\n\n"
        "ssh://USER@HOST reaches the Leitstand of that machine through your own ssh: its keys, its agent, "
        "its configuration. Nothing listens on the network. When none runs there, one is started in the "
        "background; it ends by itself when nothing is left to do and nobody is attached. ssh://HOST/DIR "
        "means the data directory DIR there.\n\n"
        "How long a word takes there and back stands in the corner; over a slow line facts come in larger "
        "pieces. A line that breaks is built anew without asking anybody, and what was typed stays. Leaving "
        "stops nothing there. A password can be typed at the first connection only: with a key or an agent "
        "a broken line comes back by itself.",
        "core.cli.attach_verb:attach",
        (
            Argument("WHERE", "ssh://USER@HOST, ssh://HOST:PORT/DIR; nothing is here.", optional=True),
            Argument("--command", "How leitstand is called there.", "COMMAND", default="leitstand"),
        ),
        (
            ("leitstand attach ssh://gpubox", "the one on gpubox"),
            ("leitstand attach ssh://me@gpubox:2222/srv/llm", "another port and data directory"),
        ),
    ),
)
