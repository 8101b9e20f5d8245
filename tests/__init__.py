"""
Black-box tests: the installed product as its users meet it.

Rule of the house: they start child processes (``twistd``, ``dartio``, a browser) and
talk to sockets. A few serve from the test's own reactor, for what only a resource made
for the purpose can show.
"""
