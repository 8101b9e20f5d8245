"""
Servers beside their peers: what each spends on a request.

What is compared is the processor time that a server spends on a request. Unlike the
requests per second it hardly depends on what else the machine is doing, nor on how
fast the load generator is; and as a ratio to nginx, taken in the same round, it holds
from one machine to another.
"""
