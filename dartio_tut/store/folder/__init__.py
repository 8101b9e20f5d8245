"""
The store that is a folder: files that people may read and edit.

Rule: a write is flushed before it is acknowledged; a write that fails is undone. The
reactor never waits for a disk.
"""
