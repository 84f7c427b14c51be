"""The engine: everything that happens, without a screen."""
