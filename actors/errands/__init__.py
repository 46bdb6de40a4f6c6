"""Errands: plain functions over the domain's ports; they import no dramatiq and no adapter."""
