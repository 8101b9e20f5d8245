"""
The package that ``dartio new`` makes: a server of one's own, its plugin, its test and
its unit for systemd.

Rule of the room: it works as it is, and each ``falcon`` in it stands for the name that
somebody gives to a package.
"""
