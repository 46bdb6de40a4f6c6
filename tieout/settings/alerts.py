"""The settings of alerts: who is told, and how long something may last before anybody is."""

from datetime import timedelta
from typing import Annotated

import msgspec

Says = msgspec.Meta


class AlertsSection(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told about what needs a person; each alert is told once, and once more when it is over."""

    webhook: Annotated[
        str, Says(description="address that receives alerts as JSON; `TIEOUT_ALERTS_WEBHOOK` overrides")
    ] = ""
    mail_to: Annotated[tuple[str, ...], Says(description="mail addresses that receive alerts")] = ()
    mail_from: Annotated[str, Says(description="mail address they come from")] = ""
    smtp_host: Annotated[str, Says(description="mail server; user and password: `TIEOUT_SMTP_USER`, `…_PASSWORD`")] = ""
    smtp_port: Annotated[int, Says(ge=1, le=65535, description="its port for handing mail over")] = 587
    smtp_starttls: Annotated[bool, Says(description="encrypt before anything is said; false for loopback only")] = True
    doubt_after: Annotated[
        timedelta, Says(description="a doubt is an alert when it lasts that long, or at once when a person must look")
    ] = timedelta(minutes=30)
    stuck_after: Annotated[timedelta, Says(description="a record that waits that long without moving is stuck")] = (
        timedelta(days=1)
    )
    silent_after_intervals: Annotated[
        int, Says(ge=2, le=1000, description="a flow without a good poll for so many of its intervals is silent")
    ] = 4
    credential_days: Annotated[
        int, Says(ge=0, le=3650, description="days a credential lasts after it was stored; 0 = nobody knows")
    ] = 365
    credential_warning_days: Annotated[
        int, Says(ge=1, le=365, description="days before its end that a credential is an alert")
    ] = 14
