-- What the database knows about itself: `install` names this installation, `created` is seconds since the epoch.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
