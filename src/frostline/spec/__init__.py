"""What to run: frozen values that describe a study completely, read without torch or numpy."""
