"""Downloads that tell the truth: planned before a byte moves, resumed after anything, proved at the end."""
