"""The part of the command line's table that is about the queue."""

from __future__ import annotations

from core.cli.arguments import DETACH, WAIT, Argument, Verb, whole
from core.errors import UsageError

LANES = ("inference", "network", "cpu")


def lane(value: str) -> str:
    """Read the name of a lane; the models of each other server have one of their own."""
    base, mark, server = value.partition("@")
    if base not in LANES or (mark and (base != "inference" or not server)):
        raise UsageError(
            f"{value[:80]!r} is not a lane.", f"There are {', '.join(LANES)}, and inference@SERVER."
        )
    return f"{base}{mark}{server.lower()}"


_JOB = Argument("ID", "The number of a job, as `queue list` shows it.", read=whole, names="job")
_JOBS = _JOB._replace(help="The numbers of jobs, as `queue list` shows them.", many=True)
_LANE = Argument(
    "LANE",
    "A lane: inference (the models of the server), network or cpu; inference@box is that of another server.",
    read=lane,
    names="lane",
)
_OFFLINE = "A Leitstand that runs does it at once; without one nothing is started by it."

QUEUE_VERBS = (
    Verb(
        "batch",
        "Answer a file of questions when nobody else waits; results go to another file.",
        "FILE has a question a line, or a JSON object with `prompt` a line, which may name its own `model`, "
        "`system` and `options`. Without a model the router chooses. The results are JSON lines: {line, "
        "model, prompt, answer, thinking, tokens, speed, seconds} or {line, model, prompt, error}.\n\n"
        "Every question is a job of its own, behind everything else in the queue. Whatever ends the command, "
        "the same one goes on: what is answered is not asked again, what failed is.",
        "core.cli.batch_verb:batch",
        (
            Argument("FILE", "The questions."),
            Argument(
                "--model",
                "Who answers; several times to ask several models.",
                "NAME",
                many=True,
                names="model",
            ),
            Argument("--out", "Where the results go, a line each.", "FILE"),
            WAIT,
            DETACH._replace(help="Return at once; the same command collects the answers later."),
        ),
        (
            ("leitstand batch questions.txt --model qwen3:8b --out answers.jsonl", "over night"),
            ("leitstand batch questions.txt --out answers.jsonl --detach", "without staying"),
        ),
    ),
    Verb(
        "queue list",
        "Show what runs, what waits and what ended.",
        "Reads the database, also beside a Leitstand that runs, and disturbs none. What runs comes first, "
        "then what waits in its place, then what ended, newest first.\n\n"
        "With --json it is an array of {id, kind, lane, state, position, model, title, reason, priority, "
        "attempt, max_attempts, created, started, finished, progress, error, group}.",
        "core.cli.queue_verbs:list_",
        (
            Argument(
                "--state",
                "Only jobs in this state; may come several times.",
                "STATE",
                choices=("waiting", "held", "running", "done", "failed", "cancelled"),
                many=True,
            ),
            Argument("--lane", "Only jobs of this lane.", "LANE", lane, names="lane"),
            Argument("--limit", "At most so many; 50 when not given.", "N", whole),
        ),
        (
            ("leitstand queue list", "what there is"),
            ("leitstand queue list --state failed --json", "what went wrong, for a script"),
        ),
    ),
    Verb(
        "queue cancel",
        "End jobs, whether they wait or were cut off.",
        f"What has ended already stays as it is. {_OFFLINE}",
        "core.cli.queue_verbs:cancel",
        (_JOBS,),
        (("leitstand queue cancel 12 13", "these two"),),
    ),
    Verb(
        "queue retry",
        "Let failed or cancelled jobs run again.",
        f"They wait at the end of their line. {_OFFLINE}",
        "core.cli.queue_verbs:retry",
        (_JOBS,),
        (("leitstand queue retry 12", "once more"),),
    ),
    Verb(
        "queue move",
        "Give a waiting job another position in its lane.",
        f"Nobody who stands behind it overtakes it any more. {_OFFLINE}",
        "core.cli.queue_verbs:move",
        (_JOB, Argument("POSITION", "The new position; 1 is the front.", read=whole)),
        (("leitstand queue move 12 1", "to the front"),),
    ),
    Verb(
        "queue pause",
        "Start nothing new on a lane.",
        f"It stays paused until it is resumed. {_OFFLINE}",
        "core.cli.queue_verbs:pause",
        (_LANE,),
        (("leitstand queue pause network", "no downloads for now"),),
    ),
    Verb(
        "queue resume",
        "Let a paused lane go on.",
        f"Its jobs run when Leitstand does. {_OFFLINE}",
        "core.cli.queue_verbs:resume",
        (_LANE,),
        (("leitstand queue resume network", "downloads go on"),),
    ),
    Verb(
        "queue wait",
        "Wait until jobs have ended.",
        "Says how far they are, and ends when all of them have. The exit code is 1 when one failed, 130 when "
        "one was cancelled. They run where a Leitstand runs; without one this command runs them. ctrl+c ends "
        "the waiting.",
        "core.cli.queue_verbs:wait",
        (_JOBS,),
        (("leitstand queue wait 12 && notify-send done", "in a script"),),
    ),
    Verb(
        "queue clear",
        "Forget finished jobs.",
        f"What they did stays: answers, models, documents. {_OFFLINE}",
        "core.cli.queue_verbs:clear",
        (
            Argument(
                "--state",
                "Only those that ended so; may come several times.",
                "STATE",
                choices=("done", "failed", "cancelled"),
                many=True,
            ),
        ),
        (("leitstand queue clear --state done", "keep what failed"),),
    ),
)
