-- A search finds sections by their keys: in a book of thousands each of them would be looked at.
CREATE INDEX section_by_key ON section (document_id, key);

-- What a space holds, counted along: every question asks for it, and adding documents up takes longer the
-- more there are. A step that writes `document` anew has to make these triggers anew, too.
CREATE TABLE space_count (
    space_id  INTEGER PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
    documents INTEGER NOT NULL,
    waiting   INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    chunks    INTEGER NOT NULL,
    embedded  INTEGER NOT NULL,
    bytes     INTEGER NOT NULL
) STRICT;

INSERT INTO space_count
SELECT space_id, count(*), sum(state = 'waiting'), sum(state = 'failed'), sum(units), sum(embedded), sum(size)
FROM document GROUP BY space_id;

CREATE TRIGGER document_comes AFTER INSERT ON document BEGIN
    INSERT INTO space_count
    VALUES (new.space_id, 1, new.state = 'waiting', new.state = 'failed', new.units, new.embedded, new.size)
    ON CONFLICT (space_id) DO UPDATE SET
        documents = documents + 1,
        waiting = waiting + excluded.waiting,
        failed = failed + excluded.failed,
        chunks = chunks + excluded.chunks,
        embedded = embedded + excluded.embedded,
        bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER document_goes AFTER DELETE ON document BEGIN
    UPDATE space_count SET
        documents = documents - 1,
        waiting = waiting - (old.state = 'waiting'),
        failed = failed - (old.state = 'failed'),
        chunks = chunks - old.units,
        embedded = embedded - old.embedded,
        bytes = bytes - old.size
    WHERE space_id = old.space_id;
END;

CREATE TRIGGER document_changes AFTER UPDATE OF state, units, embedded, size ON document BEGIN
    UPDATE space_count SET
        waiting = waiting + (new.state = 'waiting') - (old.state = 'waiting'),
        failed = failed + (new.state = 'failed') - (old.state = 'failed'),
        chunks = chunks + new.units - old.units,
        embedded = embedded + new.embedded - old.embedded,
        bytes = bytes + new.size - old.size
    WHERE space_id = new.space_id;
END;
