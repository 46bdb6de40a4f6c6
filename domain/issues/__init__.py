"""Issues: what needs a person; opened and closed by a projection, answered by people's events."""
