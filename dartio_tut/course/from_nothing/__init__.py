"""
One server in eight steps: each file is a whole server, and the next one changes little.

Rule of the room: the steps import nothing of each other, and nothing of ours: the
eighth step is the lesson `hello`. A file can be run by its path, by its name with
``python -m``, and after somebody has copied it to another folder.
"""
