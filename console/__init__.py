"""The console: the web pages; sees projections and the domain only, calls no errand and no adapter."""
