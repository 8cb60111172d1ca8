"""Lifts its own limits: soft and hard, by setrlimit and prlimit, for itself and a child."""

# kind: processes
# expect: blocked

# %%
import resource

from attack import attempt

NAMES = [name for name in dir(resource) if name.startswith("RLIMIT_")]

# %%
for name in NAMES:
    kind = getattr(resource, name)
    soft, hard = resource.getrlimit(kind)
    print(name, soft, hard)
    if hard != resource.RLIM_INFINITY:
        attempt(f"more of {name}", resource.setrlimit, kind, (hard * 2 + 1, hard * 2 + 1))
        attempt(f"all of {name}", resource.prlimit, 0, kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
