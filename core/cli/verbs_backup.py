"""The part of the command line's table that is about backups."""

from __future__ import annotations

from core.cli.arguments import DETACH, WAIT, Argument, Verb, whole

_WHICH = Argument("DIR", "A backup, or a folder of backups: the latest of them.", optional=True)

BACKUP_VERBS = (
    Verb(
        "backup",
        "Copy everything that is kept, also while Leitstand runs.",
        "Conversations, queue, measurements, documents and settings go into a folder of their own below DIR, "
        "with a checksum for each file. The database is copied by SQLite's own means, as of one moment; the "
        "index of the library is copied beside it, by the Leitstand that runs when one does. What of it is "
        "unchanged since the last backup is shared with that on disk. A backup that was interrupted never "
        "looks like one.\n\n"
        "Without DIR it is the folder leitstand-backups beside the data. --keep removes all but the latest "
        "N afterwards. For one every night: `leitstand config set backup.every_hours 24`.\n\n"
        "With --json each step is a line {step, bytes}, the last one {done, path, files, bytes, removed}.",
        "core.cli.backup_verbs:backup",
        (
            Argument("DIR", "The folder of the backups.", optional=True),
            Argument("--keep", "Keep so many of the latest, and remove the others.", "N", whole),
            WAIT,
            DETACH._replace(
                help="Return at once; the Leitstand that runs makes it, or one in the background."
            ),
        ),
        (
            ("leitstand backup", "beside the data"),
            ("leitstand backup /mnt/nas/leitstand --keep 14", "two weeks, one a night"),
        ),
    ),
    Verb(
        "backup verify",
        "Read every byte of a backup, and say whether it is as it was written.",
        "Nothing is changed. The exit code is 1 when a file is missing, cut short or different.",
        "core.cli.backup_verbs:verify",
        (_WHICH,),
        (("leitstand backup verify", "the latest one"),),
    ),
    Verb(
        "restore",
        "Bring a backup back; what is there now is moved aside.",
        "The backup is proved first; one that is damaged, or made by a newer version, is refused. So is the "
        "whole while a Leitstand works on the data directory. Nothing is deleted: the data and the settings "
        "from before stay beside the new ones under another name. Where a service runs, stop it first: "
        "`systemctl --user stop leitstand`.",
        "core.cli.backup_verbs:restore",
        (_WHICH,),
        (
            ("leitstand restore", "the latest one"),
            ("leitstand restore /mnt/nas/leitstand", "the latest one there"),
        ),
    ),
)
