"""The library: documents in spaces, read, cut, embedded, searched, and cited."""
