-- Files that somebody took out of a space: no look through their folder brings them back.
CREATE TABLE document_kept_out (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    mark     TEXT NOT NULL,                 -- of the path; what was erased leaves no name behind
    PRIMARY KEY (space_id, mark)
) STRICT, WITHOUT ROWID;
