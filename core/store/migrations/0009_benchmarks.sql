-- Benchmarks as they were measured; `run` is JSON with the conditions and every repeat.
CREATE TABLE benchmark (
    id     INTEGER PRIMARY KEY,
    key    TEXT NOT NULL,                  -- the model's complete name in lower case
    digest TEXT NOT NULL,
    at     REAL NOT NULL,
    run    TEXT NOT NULL
) STRICT;

CREATE INDEX benchmark_key ON benchmark (key, id);

-- How fast answers were with which share of the model on the GPU: what the processor costs is learned from it.
CREATE TABLE model_speed (
    id          INTEGER PRIMARY KEY,
    digest      TEXT NOT NULL,
    gpu_percent INTEGER NOT NULL,
    speed       REAL NOT NULL,             -- tokens a second
    at          REAL NOT NULL
) STRICT;

CREATE INDEX model_speed_digest ON model_speed (digest, gpu_percent);
