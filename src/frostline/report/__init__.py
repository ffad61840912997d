"""From what can be said to a page that people read."""
