"""
The notes and documents of a store over HTTP.

Rule: errors of a store become status codes in one place, `store_errors`.
"""
