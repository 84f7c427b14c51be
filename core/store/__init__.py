"""The database: one SQLite file that holds everything said, queued and measured."""
