"""What people do: each act loads streams, asks the domain, appends a person's events, and calls no remote."""
