"""
The listing of a folder.

Rule: what may be listed is decided elsewhere.
"""
