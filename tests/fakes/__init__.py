"""Real objects with a script, in place of the world outside."""
