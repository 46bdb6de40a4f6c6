"""The demo: the whole job on this machine, against the sandbox in a process of its own."""
