"""
Exchanges as they went by: a recorder for sites that are watched, and the pages that
show what it keeps.

Rule: secrets are masked before anything is kept, so nothing here can show one.
"""
