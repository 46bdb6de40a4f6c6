"""The store on SQLite: the event log through `eventsourcing`'s recorders, and the tables that stand beside it."""
