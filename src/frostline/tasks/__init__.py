"""What the head predicts: its loss and its metrics."""
