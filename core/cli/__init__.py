"""The command line: one table of verbs, text or JSON, exit codes that scripts can rely on."""
