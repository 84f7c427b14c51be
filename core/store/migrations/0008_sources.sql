-- Documents that are gone and whose rows are still to be taken out of the index.
CREATE TABLE document_debris (
    document_id INTEGER PRIMARY KEY NOT NULL,
    space_id    INTEGER NOT NULL
) STRICT;

-- What an answer was given from: what was searched and found, and the passages as the model read them.
ALTER TABLE chat_turn ADD COLUMN sources TEXT;

CREATE TABLE chat_passage (
    turn_id INTEGER NOT NULL REFERENCES chat_turn (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    passage TEXT NOT NULL,
    PRIMARY KEY (turn_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_inspection (
    turn_id    INTEGER PRIMARY KEY REFERENCES chat_turn (id) ON DELETE CASCADE,
    inspection TEXT NOT NULL               -- how the search came to its passages
) STRICT;
