"""
The options that servers have.
"""
