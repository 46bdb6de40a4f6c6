"""The simulation: the same errands over stores and remotes held in memory."""
