"""
The listing of a folder.
"""
