"""
Black-box tests: the installed product as its users meet it.

Rule of the house: they start child processes (``twistd``, ``dartio``, a browser)
and never import ``dartio_tut``.
"""
