"""Which model should answer: what a question is taken for, and who is there to answer it."""
