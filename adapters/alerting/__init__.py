"""How alerts leave: by webhook and by mail, and the book of what was told."""
