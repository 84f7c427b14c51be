-- Conversations: a chat is a tree of turns, and its branch is the path from a root to its head.
-- Times are seconds since the epoch.
CREATE TABLE chat (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    title        TEXT NOT NULL,
    title_source TEXT NOT NULL DEFAULT 'text' CHECK (title_source IN ('text', 'model', 'user')),
    pinned       INTEGER NOT NULL DEFAULT 0,
    created      REAL NOT NULL,
    updated      REAL NOT NULL,
    model        TEXT NOT NULL DEFAULT '',
    persona      TEXT NOT NULL DEFAULT '',
    system       TEXT NOT NULL DEFAULT '',
    think        TEXT NOT NULL DEFAULT 'auto',
    options      TEXT NOT NULL DEFAULT '{}',
    keep_alive   TEXT NOT NULL DEFAULT 'null',
    unread       INTEGER NOT NULL DEFAULT 0,
    archived     INTEGER NOT NULL DEFAULT 0,
    deleted_at   REAL,
    head_id      INTEGER REFERENCES chat_turn (id) ON DELETE SET NULL,
    turns        INTEGER NOT NULL DEFAULT 0,  -- on the branch
    preview      TEXT NOT NULL DEFAULT '',
    state        TEXT                         -- of the last answer
) STRICT;

CREATE INDEX chat_list ON chat (archived, pinned DESC, updated DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX chat_deleted ON chat (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE chat_turn (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id     INTEGER NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    parent_id   INTEGER REFERENCES chat_turn (id) ON DELETE CASCADE,
    depth       INTEGER NOT NULL,
    last_child  INTEGER,                      -- the variant that was shown last: where a branch goes on
    role        TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    text        TEXT NOT NULL DEFAULT '',
    thinking    TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL DEFAULT 'done' CHECK (state IN (
                    'queued', 'loading', 'reading', 'thinking', 'answering',
                    'done', 'stopped', 'interrupted', 'failed')),
    error       TEXT,
    notes       TEXT,
    model       TEXT NOT NULL DEFAULT '',
    stats       TEXT,
    route       TEXT NOT NULL DEFAULT '',
    attachments TEXT,
    context     TEXT,
    created     REAL NOT NULL,
    since       REAL NOT NULL,
    finished    REAL,
    job_id      INTEGER,
    indexed     INTEGER NOT NULL DEFAULT 0    -- 1: found by searching
) STRICT;

CREATE INDEX chat_turn_tree ON chat_turn (chat_id, parent_id, id);
CREATE INDEX chat_turn_parent ON chat_turn (parent_id);
CREATE INDEX chat_turn_open ON chat_turn (id) WHERE state NOT IN ('done', 'stopped', 'interrupted', 'failed');
CREATE INDEX chat_turn_job ON chat_turn (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE chat_attachment (
    turn_id INTEGER NOT NULL REFERENCES chat_turn (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (turn_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_draft (
    chat_id INTEGER PRIMARY KEY,              -- 0: of no chat yet
    text    TEXT NOT NULL,
    updated REAL NOT NULL
) STRICT;

-- What is known of a model from talking to it; outlives the chats.
CREATE TABLE chat_model (
    model          TEXT PRIMARY KEY NOT NULL, -- its complete name in lower case
    shown          TEXT NOT NULL,
    context        INTEGER,                   -- the context length that is used for it
    effective      INTEGER,                   -- what the server made of that
    ratio          REAL,                      -- true tokens for one of our estimate
    samples        INTEGER NOT NULL DEFAULT 0,
    answers        INTEGER NOT NULL DEFAULT 0,
    tokens         INTEGER NOT NULL DEFAULT 0,
    speaking       REAL NOT NULL DEFAULT 0,   -- seconds those tokens took
    last_speed     REAL,
    ttft_sum       REAL NOT NULL DEFAULT 0,
    ttft_count     INTEGER NOT NULL DEFAULT 0,
    duration_sum   REAL NOT NULL DEFAULT 0,
    duration_count INTEGER NOT NULL DEFAULT 0,
    prompt_speed   REAL,
    load           REAL,
    last_used      REAL
) STRICT, WITHOUT ROWID;

-- The text itself stays in chat_turn; the triggers keep the index true to it, whatever changes a row.
CREATE VIRTUAL TABLE chat_search USING fts5 (
    text, thinking,
    content = 'chat_turn', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4'
);

CREATE TRIGGER chat_turn_found AFTER INSERT ON chat_turn WHEN new.indexed BEGIN
    INSERT INTO chat_search (rowid, text, thinking) VALUES (new.id, new.text, new.thinking);
END;

CREATE TRIGGER chat_turn_changed AFTER UPDATE OF text, thinking, indexed ON chat_turn BEGIN
    INSERT INTO chat_search (chat_search, rowid, text, thinking)
        SELECT 'delete', old.id, old.text, old.thinking WHERE old.indexed;
    INSERT INTO chat_search (rowid, text, thinking) SELECT new.id, new.text, new.thinking WHERE new.indexed;
END;

CREATE TRIGGER chat_turn_gone AFTER DELETE ON chat_turn WHEN old.indexed BEGIN
    INSERT INTO chat_search (chat_search, rowid, text, thinking)
        VALUES ('delete', old.id, old.text, old.thinking);
END;
