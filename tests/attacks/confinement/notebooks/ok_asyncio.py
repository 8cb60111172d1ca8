"""Uses asyncio in cells: await, subprocesses, and a loop in a thread."""

# kind: honest
# expect: works

# %%
import asyncio
import threading

from IPython import get_ipython


async def run() -> bytes:
    process = await asyncio.create_subprocess_exec("echo", "x", stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0]


# %%
get_ipython().run_cell("await asyncio.sleep(0.01)")
answers: list[bytes] = []
thread = threading.Thread(target=lambda: answers.append(asyncio.run(run())))
thread.start()
thread.join(5)
assert answers == [b"x\n"]
print("WORKS")
