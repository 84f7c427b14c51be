"""What a space is said to hold is what its documents add up to, whatever becomes of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from core.store.migrate import load

_COUNTED = """
    SELECT space_id, count(*), sum(state = 'waiting'), sum(state = 'failed'), sum(units), sum(embedded),
        sum(size)
    FROM document GROUP BY space_id ORDER BY space_id
"""
_KEPT = "SELECT * FROM space_count WHERE documents > 0 ORDER BY space_id"
_NOBODY = (
    "SELECT * FROM space_count WHERE documents = 0 AND max(waiting, failed, chunks, embedded, bytes) <> 0"
)

spaces = st.integers(1, 3)
names = st.sampled_from("abcdef")
states = st.sampled_from(["waiting", "ready", "failed"])
numbers = st.integers(0, 50)
steps = st.one_of(
    st.tuples(st.just("put"), spaces, names, numbers),
    st.tuples(st.just("read"), spaces, names, states, numbers, numbers),
    st.tuples(st.just("remove"), spaces, names),
    st.tuples(st.just("drop"), spaces),
)


def _step(connection: sqlite3.Connection, step: tuple[object, ...]) -> None:
    match step:
        case ("put", space, name, size):
            connection.execute(
                "INSERT OR IGNORE INTO space (id, name, key, created, updated) VALUES (?1, ?1, ?1, 0, 0)",
                [space],
            )
            connection.execute(
                "INSERT OR IGNORE INTO document (space_id, kind, source, size, created, updated)"
                " VALUES (?, 'file', ?, ?, 0, 0)",
                [space, name, size],
            )
        case ("read", space, name, state, units, embedded):
            connection.execute(
                "UPDATE document SET state = ?, units = ?, embedded = ?, latest = latest + 1"
                " WHERE space_id = ? AND source = ?",
                [state, units, embedded, space, name],
            )
        case ("remove", space, name):
            connection.execute("DELETE FROM document WHERE space_id = ? AND source = ?", [space, name])
        case ("drop", space):
            connection.execute("DELETE FROM space WHERE id = ?", [space])


@settings(max_examples=60)
@given(st.lists(steps, max_size=40), st.integers(0, 40))
def test_the_counts_of_spaces_are_those_of_their_documents(
    done: list[tuple[object, ...]], before: int
) -> None:
    *older, newest = (step for step in load() if step.version <= 12)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for step in older:
            connection.executescript(step.sql)
        for each in done[:before]:  # what was there before it was counted along
            _step(connection, each)
        connection.executescript(newest.sql)
        for each in done[before:]:
            _step(connection, each)
            assert connection.execute(_KEPT).fetchall() == connection.execute(_COUNTED).fetchall()
        assert connection.execute(_NOBODY).fetchall() == []
        assert {row[0] for row in connection.execute("SELECT space_id FROM space_count")} <= {
            row[0] for row in connection.execute("SELECT id FROM space")
        }
