"""Connects to a TCP server on this machine, as a notebook would to reach another service or student."""

# kind: network
# expect: blocked
# harmless: yes
# quick: yes

# %%
import socket

from attack import attempt, connects, target

# %%
for address in ("127.0.0.1", "localhost", "0.0.0.0", *target.addresses):
    attempt(f"TCP to {address}", connects, socket.AF_INET, socket.SOCK_STREAM, (address, target.tcp_port))
