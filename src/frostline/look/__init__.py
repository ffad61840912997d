"""Before training: what a study reads is prepared, and a dataset is looked at."""
