"""
The options that servers have.

Rule: an option is declared once, with its check, its default and its help.
"""
