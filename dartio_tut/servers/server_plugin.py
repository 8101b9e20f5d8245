"""
A server, as twistd finds it among its plugins: imported only when it is chosen.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import ServiceMaker

from .held_signals import hold_signals


class ServerPlugin(ServiceMaker):
    """A server of ours."""

    @property
    def options(self) -> Any:
        """The class of its options; twistd asks for that of the one that is chosen."""
        hold_signals()
        return super().options
