"""The commands, one file per subject; each opens what it needs when it runs."""
