"""On what: every dataset becomes planes and targets, split before anything learns from it."""
