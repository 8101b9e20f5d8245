"""
Programs that measure by themselves, each in a process of its own.

They print how often they did something, in how many seconds, and with how much
processor time, as JSON. `launch` runs them, with any installation of this project.
"""
