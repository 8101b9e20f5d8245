"""
A path below the root, as its segments.
"""

PathSegments = tuple[bytes, ...]
"""The names of folders on the way, then that of the file; decoded, as on the disk."""
