"""Reads what only root may: password hashes, root's home, host keys, sudo rules, and mounted service tokens."""

# kind: reading
# expect: blocked

# %%
import glob
import os

from attack import attempt, attempt_any, read

# %%
for path in ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key"):
    attempt(path, read, path)

# %%
attempt_any("/root", lambda: [name for name in os.listdir("/root") if name != ".pyenv"])  # where a Python may stand
for path in ("/root/.bashrc", "/root/.ssh/id_rsa", "/root/.bash_history", "/root/.gitconfig"):
    attempt(path, read, path)

# %%
attempt_any("service tokens", glob.glob, "/run/secrets/*")
attempt_any("Kubernetes", glob.glob, "/var/run/secrets/kubernetes.io/*")
