"""
What the course shows or hands out and what is no lesson: programs that run as they are.

Rule of the room: a program here is read more often than it is run. It shows one idea,
and imports no more than its page explains. Of the other floors it sees `daemon`,
`resources` and `wire`, by their doors. No server knows of this floor.
"""
