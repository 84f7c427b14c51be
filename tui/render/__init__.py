"""Pure drawing: data in, lines of styled text out; no widget, no app."""
