"""
A store's notes and documents over HTTP.

Rule: errors of a store become status codes in one place, `store_errors`.
"""
