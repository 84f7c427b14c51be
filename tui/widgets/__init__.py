"""Widgets: they know data, never an engine."""
