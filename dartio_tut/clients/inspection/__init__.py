"""
What was seen of an exchange, for a person at a terminal, and as JSON for a program.

Rule: whatever a server has sent is shown as printable characters. It can lie, but it
cannot drive the terminal.
"""

from .report import print_report
from .report_json import report_json
from .seen import Seen

__all__ = ["Seen", "print_report", "report_json"]
