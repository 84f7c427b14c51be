"""The stand-in server."""
