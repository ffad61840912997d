"""How transferable each layer looks before anything is trained, and whether such a score is to be trusted."""
