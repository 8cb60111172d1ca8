"""Leaves something that others run later: cron, shell profiles, autostart, SSH keys, IPython and Jupyter startup."""

# kind: writing
# expect: blocked

# %%
import os
import subprocess

from attack import attempt, create, target

# %%
SYSTEM = [
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/profile.d",
    "/etc/init.d",
    "/etc/systemd/system",
    "/etc/ld.so.conf.d",
]
SYSTEM += ["/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/at", "/usr/lib/systemd/system", "/etc/sudoers.d"]
HOME = [".config/autostart", ".ssh", ".ipython/profile_default/startup", ".jupyter", ".local/bin", ".config/matplotlib"]
for folder in SYSTEM + [os.path.join(target.home, name) for name in HOME]:
    path = os.path.join(folder, target.mark)
    attempt(path, create, path)

# %%
for path in ["/etc/passwd", "/etc/ld.so.preload", "/etc/hosts", "/etc/environment", "/etc/crontab"]:
    attempt(path, os.open, path, os.O_WRONLY)
attempt("crontab", subprocess.check_output, ["crontab", "-"], input=b"", stderr=subprocess.STDOUT)
attempt("at", subprocess.check_output, ["at", "now"], input=b"true", stderr=subprocess.STDOUT)
