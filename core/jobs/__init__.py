"""The queue: every piece of work that takes time, kept on disk, planned, retried and explained."""
