"""What a process tells of itself: metrics, traces and logs, none of which may disturb the work."""
