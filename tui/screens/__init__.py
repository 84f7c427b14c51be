"""Pages: each follows the engine while it is visible."""
