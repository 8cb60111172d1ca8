"""Opens a port that others could connect to, by TCP on all interfaces; the runner tries to connect from outside."""

# kind: network
# expect: blocked
# harmless: yes
# probe: listen

# %%
import socket
import time

from attack import blocked, target

# %%
# In a network of its own listening is harmless: nobody can come. Only who gets in from outside proves a breach.
try:
    server = socket.create_server(("0.0.0.0", target.listen_port))
    server.settimeout(1.5)
    connection, peer = server.accept()
    connection.sendall(b"GOT a visitor\n")
    time.sleep(0.2)
except OSError as error:
    blocked(error)
