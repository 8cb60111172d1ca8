"""Sends a file away with urllib and http.client, and downloads one, with and without a proxy in the environment."""

# kind: network
# expect: blocked
# harmless: yes

# %%
import http.client
import os
import urllib.request

from attack import attempt, target

URL = f"http://127.0.0.1:{target.tcp_port}/upload"

# %%
attempt("POST", lambda: urllib.request.urlopen(URL, data=b"solution", timeout=1.5).read())
attempt("download", lambda: urllib.request.urlretrieve(URL, "downloaded"))

# %%
os.environ["http_proxy"] = f"http://127.0.0.1:{target.tcp_port}"
attempt("through a proxy", lambda: urllib.request.urlopen("http://example.org/", timeout=1.5).read())


# %%
def connect() -> str:
    connection = http.client.HTTPConnection("127.0.0.1", target.tcp_port, timeout=1.5)
    connection.request("GET", "/")
    return connection.getresponse().reason


attempt("http.client", connect)
