"""Connects to Unix sockets in the file system: one of the grader's, Docker's, D-Bus, systemd's, an SSH agent."""

# kind: network
# expect: blocked
# harmless: yes
# quick: yes
# weak: process-user: Landlock does not watch over sockets that are files, so those of its own user can be connected to

# %%
import glob
import os
import socket

from attack import attempt, blocked, connects, target

# %%
attempt("the grader's socket", connects, socket.AF_UNIX, socket.SOCK_STREAM, target.unix_path)
attempt("the grader's datagrams", connects, socket.AF_UNIX, socket.SOCK_DGRAM, target.unix_datagram_path)

# %%
KNOWN = ["/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/containerd/containerd.sock"]
KNOWN += glob.glob("/tmp/ssh-*/agent.*") + glob.glob("/run/user/*/bus") + glob.glob("/tmp/.X11-unix/X*")
for path in KNOWN:
    if os.path.exists(path):
        attempt(path, connects, socket.AF_UNIX, socket.SOCK_STREAM, path)
    else:
        blocked(path)
