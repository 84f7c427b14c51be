"""Conversations: what is said, how it is asked, how it streams, and how it is kept and found again."""
