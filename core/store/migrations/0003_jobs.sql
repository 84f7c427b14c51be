-- The queue. What waits, runs or ran: one row a job, changed only by the guarded steps of core/jobs/store.py.
-- Times are seconds since the epoch. AUTOINCREMENT: numbers are never used twice, and a rollback leaves no gap.
CREATE TABLE job (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,
    lane         TEXT NOT NULL CHECK (lane IN ('inference', 'network', 'cpu')),
    model        TEXT NOT NULL DEFAULT '',
    title        TEXT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'waiting'
                 CHECK (state IN ('waiting', 'held', 'running', 'done', 'failed', 'cancelled')),
    priority     INTEGER NOT NULL CHECK (priority IN (0, 1, 2)),
    place        INTEGER NOT NULL,           -- sorts the line of its lane; unique among unfinished jobs
    placed       INTEGER NOT NULL DEFAULT 0, -- moved there by a person
    attempt      INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
    claim        INTEGER NOT NULL DEFAULT 0, -- how often it was started: fences off what an earlier start writes
    boot         TEXT,                       -- the process that runs it; another one's are orphans
    deaths       INTEGER NOT NULL DEFAULT 0, -- how often a process died while running it
    stopping     TEXT CHECK (stopping IN ('cancel', 'hold')),
    not_before   REAL,
    created      REAL NOT NULL,
    started      REAL,
    finished     REAL,
    load_seconds REAL,
    progress     TEXT,
    result       TEXT,
    error        TEXT,
    payload      TEXT NOT NULL,
    batch        TEXT NOT NULL DEFAULT '',
    key          TEXT,
    sole         TEXT,
    reason       TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'running') = (boot IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished IS NOT NULL))
) STRICT;

CREATE INDEX job_line ON job (lane, place) WHERE finished IS NULL;
CREATE INDEX job_history ON job (finished) WHERE finished IS NOT NULL;
CREATE INDEX job_batch ON job (batch, id) WHERE batch <> '';
CREATE UNIQUE INDEX job_key ON job (key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX job_sole ON job (sole) WHERE sole IS NOT NULL AND finished IS NULL;

-- What a person changed about a lane; a lane without a row is as the settings say.
CREATE TABLE lane (
    name   TEXT PRIMARY KEY NOT NULL CHECK (name IN ('inference', 'network', 'cpu')),
    paused INTEGER NOT NULL DEFAULT 0,
    width  INTEGER CHECK (width >= 1)
) STRICT, WITHOUT ROWID;
