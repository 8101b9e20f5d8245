"""
Files and folders: opened so that no path leads outside, described, listed and sent.

Rule: names are bytes, and `safe_open` alone opens them. `lookup` decides what a path
stands for, and `file_responses` sends it.
"""
