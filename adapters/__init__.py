"""Adapters: how it is said abroad, and where it is kept; each plays a role the domain named."""
