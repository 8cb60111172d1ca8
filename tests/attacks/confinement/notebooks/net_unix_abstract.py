"""Connects to an abstract Unix socket, which file permissions and mount namespaces do not cover."""

# kind: network
# expect: blocked
# harmless: yes

# %%
import socket

from attack import attempt, connects, target

# %%
attempt("abstract stream", connects, socket.AF_UNIX, socket.SOCK_STREAM, "\0" + target.abstract_name)
attempt("abstract datagram", connects, socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + target.abstract_datagram)

# %%
attempt("X11", connects, socket.AF_UNIX, socket.SOCK_STREAM, "\0/tmp/.X11-unix/X0")
