"""Alerts: what stands, decided purely; what was told, kept in the store; told to people by webhook and mail."""

from tieout.alerts.standing import Alert, Bounds, alerts
from tieout.alerts.watch import Watch, end_watch, watch

__all__ = ["Alert", "Bounds", "Watch", "alerts", "end_watch", "watch"]
