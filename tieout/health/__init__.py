"""What an orchestrator asks a process: whether it makes progress, whether it can work, and its figures."""
