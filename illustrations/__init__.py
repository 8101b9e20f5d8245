"""
Makes what the documentation has from the software: the glossary, and the pictures.

    $ python -m illustrations

The glossary is the word list of `dartio_tut.anatomy`. The pictures are drawn from what
real daemons and their clients sent each other, taken apart by the same room. Whatever
differs from run to run (dates, ports, versions) is replaced before it is drawn, so that
tests can make everything anew and compare it.
"""
