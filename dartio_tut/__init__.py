"""
The servers and clients of an HTTP tutorial, as daemons to rely on.

The folders are floors, and imports only go down:

- ``servers`` and ``clients``: the lessons, one program a file;
- ``daemon``: makes a resource tree a daemon; ``resources``: branches for any tree;
- ``wire``: bytes to requests; ``store``: notes and documents at rest.

Each floor is entered by its door, its ``__init__``, which states its rule.
"""
