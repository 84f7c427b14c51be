"""Copies of everything that is kept: made while Leitstand runs, proved, and brought back."""
