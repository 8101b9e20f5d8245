"""
The store that is a folder: files that people may read and edit.

Rule: what is acknowledged is flushed; what is not is undone. The reactor never waits
for a disk.
"""
