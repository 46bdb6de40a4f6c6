"""Settings: `tieout.toml`, the environment and the operator's keys, read, checked and typed."""

from tieout.settings.avidxchange import AvidSection
from tieout.settings.checks import FLOWS, check_call_timeout, is_loopback
from tieout.settings.infor import AssumedSection, InforSection, ParmFieldSetting
from tieout.settings.keys import ring_text, seal_text
from tieout.settings.loading import Settings, load, load_file, shown_url
from tieout.settings.shape import ConnectionSection, SafetySection, ScheduleSection, SettingsFile

__all__ = [
    "FLOWS",
    "AssumedSection",
    "AvidSection",
    "ConnectionSection",
    "InforSection",
    "ParmFieldSetting",
    "SafetySection",
    "ScheduleSection",
    "Settings",
    "SettingsFile",
    "check_call_timeout",
    "is_loopback",
    "load",
    "load_file",
    "ring_text",
    "seal_text",
    "shown_url",
]
