"""
Request bodies: JSON, forms, text.

Rule: a body that two parsers could read in two ways is refused.
"""
