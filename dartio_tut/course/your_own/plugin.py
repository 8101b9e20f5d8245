"""
Tells twistd of the server: its title, its module, a line of help, and its name.
"""

from twisted.application.service import ServiceMaker

falcon = ServiceMaker("falcon", "falcon.server", "Greets whoever asks.", "falcon")
