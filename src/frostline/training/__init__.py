"""The training loop, once, and evaluation."""
