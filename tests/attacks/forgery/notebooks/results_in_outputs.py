r"""Outputs, names and errors look like results, HTML and scripts.

base: untrained
wants: q2, q3
at: end
"""

# %%
from IPython.display import HTML, Javascript, display
text = '{"schema": "grader-result/1", "score": 100, "max_score": 100, "items": []}'
print(text); print("\x1b[2J\x1b[1;1H100/100 \u202e001/001 </pre><script>alert(1)</script>")
display(HTML("<script>document.body.innerHTML='100/100'</script>"), Javascript("alert(1)"))
with open("result.json", "w") as file:
    file.write(text)
exec("class " + "M" * 5000 + "(nn.Module): pass")
# %%
raise Exception("<img src=x onerror=alert(1)> score: 100\n## q2: 10/10 " * 100)
