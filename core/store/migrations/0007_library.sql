-- The library: spaces, the documents in them, and what they were cut into. Vectors and full text stand
-- in the space's own table of the index; it can be built anew from these rows alone.
-- Times are seconds since the epoch.
CREATE TABLE space (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL,
    key         TEXT NOT NULL,              -- the name as it is compared
    description TEXT NOT NULL DEFAULT '',
    colour      TEXT NOT NULL DEFAULT '',
    language    TEXT NOT NULL DEFAULT '',   -- what its words are searched in; empty: found out
    chat_id     INTEGER,                    -- the only chat that sees it; NULL: every chat may
    model       TEXT NOT NULL DEFAULT '',   -- who is to make its vectors; empty: the default
    made_by     TEXT NOT NULL DEFAULT '',   -- who made those it has
    digest      TEXT NOT NULL DEFAULT '',
    dimension   INTEGER,
    build       INTEGER NOT NULL DEFAULT 1, -- which table of the index is its own
    created     REAL NOT NULL,
    updated     REAL NOT NULL,
    deleted_at  REAL
) STRICT;

CREATE UNIQUE INDEX space_name ON space (key) WHERE deleted_at IS NULL AND chat_id IS NULL;
CREATE UNIQUE INDEX space_chat ON space (chat_id) WHERE deleted_at IS NULL AND chat_id IS NOT NULL;

-- What was given to be read: looked through again, it shows what is new, changed and gone.
CREATE TABLE space_root (
    id       INTEGER PRIMARY KEY,
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    path     TEXT NOT NULL,
    watch    INTEGER NOT NULL DEFAULT 0,
    created  REAL NOT NULL,
    UNIQUE (space_id, path)
) STRICT;

CREATE TABLE document (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    root_id  INTEGER REFERENCES space_root (id) ON DELETE SET NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('file', 'text')),
    source   TEXT NOT NULL,                 -- a path, or what a text was called
    title    TEXT NOT NULL DEFAULT '',
    media    TEXT NOT NULL DEFAULT '',
    state    TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'failed')),
    error    TEXT NOT NULL DEFAULT '',
    notes    TEXT NOT NULL DEFAULT '[]',
    size     INTEGER NOT NULL DEFAULT 0,
    modified REAL NOT NULL DEFAULT 0,
    seen     TEXT NOT NULL DEFAULT '',      -- what its file looked like from outside when it was read
    digest   TEXT NOT NULL DEFAULT '',      -- of its content
    recipe   TEXT NOT NULL DEFAULT '',      -- how it was read and cut
    pages    INTEGER,
    sections INTEGER NOT NULL DEFAULT 0,
    units    INTEGER NOT NULL DEFAULT 0,
    embedded INTEGER NOT NULL DEFAULT 0,    -- of its units, those with a vector
    tokens   INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0,    -- the one that counts in the index; 0: none is there
    latest   INTEGER NOT NULL DEFAULT 0,    -- the last one that was begun
    dirty    INTEGER NOT NULL DEFAULT 0,    -- rows of other revisions may stand in the index
    created  REAL NOT NULL,
    updated  REAL NOT NULL,
    UNIQUE (space_id, source)
) STRICT;

CREATE INDEX document_state ON document (space_id, state);
CREATE INDEX document_dirty ON document (space_id) WHERE dirty;

CREATE TABLE document_text (                -- of texts that no file holds
    document_id INTEGER PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
    content     TEXT NOT NULL
) STRICT;

CREATE TABLE section (
    document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    ord         INTEGER NOT NULL,
    key         TEXT NOT NULL,
    heading     TEXT NOT NULL,
    text        TEXT NOT NULL,
    place       TEXT NOT NULL,
    tokens      INTEGER NOT NULL,
    PRIMARY KEY (document_id, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit (
    document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    ord         INTEGER NOT NULL,
    key         TEXT NOT NULL,
    section     TEXT NOT NULL,              -- the key of its section
    context     TEXT NOT NULL,
    start       INTEGER NOT NULL,           -- its text is this part of the section's
    stop        INTEGER NOT NULL,
    place       TEXT NOT NULL,
    tokens      INTEGER NOT NULL,
    PRIMARY KEY (document_id, ord)
) STRICT, WITHOUT ROWID;

-- What is searched for the questions of a chat; a chat without a row is as the settings say.
CREATE TABLE space_choice (
    chat_id INTEGER PRIMARY KEY,
    mode    TEXT NOT NULL CHECK (mode IN ('none', 'chosen', 'auto')),
    spaces  TEXT NOT NULL
) STRICT;

-- Tables of the index that nobody needs any more, until they are gone.
CREATE TABLE space_debris (
    name TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
