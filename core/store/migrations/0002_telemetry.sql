-- A day of gauges by the minute: one row a minute, its values as JSON by subject and metric.
CREATE TABLE telemetry_minute (
    minute INTEGER PRIMARY KEY,     -- since the epoch
    cells  BLOB NOT NULL
) STRICT;

CREATE TABLE telemetry_alert (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    level   TEXT NOT NULL,
    text    TEXT NOT NULL,
    hint    TEXT NOT NULL,
    since   REAL NOT NULL,
    ended   REAL,
    UNIQUE (kind, subject, since)
) STRICT;

CREATE INDEX telemetry_alert_since ON telemetry_alert (since);
