"""The domain: facts, decisions and words; no clock, no chance, no input or output."""
