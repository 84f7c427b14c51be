"""Small dialogs over a page."""
