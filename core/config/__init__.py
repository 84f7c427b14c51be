"""What a person can set: one table, one file, read live and written without losing a comment."""
