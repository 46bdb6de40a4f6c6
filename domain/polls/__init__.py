"""Polls: what a look at a remote found, one short stream per poll that found something."""
