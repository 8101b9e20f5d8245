"""
What twistd reads in a folder ``twisted/plugins``: the name of a server, and its module.
"""

from twisted.application.service import ServiceMaker

greeter = ServiceMaker("greeter", "greeter", "Greet whoever asks.", "greeter")
