"""Schedules: when a flow is polled next, when it may not be, and the sentence that says why. No clock, no chance."""
