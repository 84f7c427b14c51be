"""The models there are: on the server's disk, in its memory, and known from the catalogue."""
