"""
What requests bring along: JSON, forms, text.

Rule: what two parsers could read in two ways is refused.
"""
