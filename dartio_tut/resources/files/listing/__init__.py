"""
The listing of a folder: read, sorted and filtered, as a page, as JSON and as text.

Rule: which names may be listed is decided outside of this room.
"""
