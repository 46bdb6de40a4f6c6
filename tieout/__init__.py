"""The outermost room: the command line, settings, wiring, the demo and the simulation."""
