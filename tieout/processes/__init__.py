"""The processes of a deployment: each is a loop that is told when to stop, and says after every round that it lives."""
