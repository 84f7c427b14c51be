-- What a person said of a model and what was measured with it; it outlives the model on the server.
-- `key` is the complete name in lower case. Times are seconds since the epoch.
CREATE TABLE model (
    key          TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    favourite    INTEGER NOT NULL DEFAULT 0,
    tier         TEXT CHECK (tier IN ('fast', 'code', 'heavy')),
    times_used   INTEGER NOT NULL DEFAULT 0,
    last_used    REAL,
    last_speed   REAL,
    speed_sum    REAL NOT NULL DEFAULT 0,
    speed_count  INTEGER NOT NULL DEFAULT 0,
    load_seconds REAL,
    benchmark    TEXT,
    fault        TEXT,
    offered      TEXT                      -- the digest the registry had when it was asked
) STRICT, WITHOUT ROWID;

-- What the server said about a model's files: asked once for each digest.
CREATE TABLE model_facts (
    digest  TEXT PRIMARY KEY NOT NULL,
    version TEXT NOT NULL,                 -- of the server that said it
    facts   TEXT NOT NULL,
    seen    REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Loads as they were measured: what a model took, at which context, and for how long.
CREATE TABLE model_load (
    id      INTEGER PRIMARY KEY,
    digest  TEXT NOT NULL,
    weights INTEGER NOT NULL,              -- bytes on disk
    context INTEGER NOT NULL,
    cache   TEXT NOT NULL,                 -- how the context's memory is stored
    version TEXT NOT NULL,
    size    INTEGER NOT NULL,
    vram    INTEGER,
    seconds REAL,                          -- NULL when the load itself was not seen
    at      REAL NOT NULL
) STRICT;

CREATE INDEX model_load_digest ON model_load (digest, context);

-- How far a download was, so that what is shown never falls back, whatever happened in between.
CREATE TABLE download (
    key       TEXT PRIMARY KEY NOT NULL,
    completed INTEGER NOT NULL,
    total     INTEGER,
    exact     INTEGER NOT NULL,
    percent   REAL,
    updated   REAL NOT NULL
) STRICT, WITHOUT ROWID;
