"""Driving the engine from another process: the wire, both of its ends, and who hosts."""
