"""
A store's notes and documents over HTTP.

Rule: what a store says becomes a status code in one place, `terms`.
"""
