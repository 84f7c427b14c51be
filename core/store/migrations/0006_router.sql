-- What the router decided, why, and how it went. The question itself stands with its turn, not here.
-- Times are seconds since the epoch. AUTOINCREMENT: a number is never used for another decision.
CREATE TABLE route_decision (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         REAL NOT NULL,
    chat_id    INTEGER,
    turn_id    INTEGER,
    tier       TEXT NOT NULL CHECK (tier IN ('fast', 'code', 'heavy')),
    model      TEXT NOT NULL,            -- empty: nobody could be found
    host       TEXT NOT NULL DEFAULT '',
    source     TEXT NOT NULL,
    after      INTEGER,                  -- the decision whose model failed
    outcome    TEXT CHECK (outcome IN ('answered', 'stopped', 'failed', 'silent', 'memory')),
    override   TEXT NOT NULL DEFAULT '', -- the model a person took instead
    body       BLOB NOT NULL             -- the whole decision as JSON
) STRICT;

CREATE INDEX route_decision_at ON route_decision (at);
CREATE INDEX route_decision_chat ON route_decision (chat_id, id) WHERE chat_id IS NOT NULL;
CREATE INDEX route_decision_turn ON route_decision (turn_id) WHERE turn_id IS NOT NULL;
