"""
Files and folders: opened so that nothing leads out, described, listed, sent.

Rule: a path is bytes, and is opened by `opening` alone; what is opened is judged.
"""
