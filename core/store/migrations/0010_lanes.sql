-- Every other server's models have a lane of their own, named with it: inference@box.
CREATE TABLE lane_by_name (
    name   TEXT PRIMARY KEY NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    width  INTEGER CHECK (width >= 1)
) STRICT, WITHOUT ROWID;
INSERT INTO lane_by_name (name, paused, width) SELECT name, paused, width FROM lane;
DROP TABLE lane;
ALTER TABLE lane_by_name RENAME TO lane;
