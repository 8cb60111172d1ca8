import tempfile,re,shutil,sys
from pathlib import Path
from tests.review.classes import small
from tests.review.desks import served
from playwright.sync_api import sync_playwright
d=small(Path(tempfile.mkdtemp())/"c",150)
with served(d) as s, sync_playwright() as pw:
    b=s.browser()
    u=b.get("/queue/q4/answer").url.path
    for t,p in (("says which curve flattens, and where","2"),("concludes","1"),("explains it with own numbers","2")):
        b.submit("/queue/q4/answer/lines",do="add",text=t,points=p)
    r=b.submit(u,line=["q4-0"],comment="Which curve do you mean? Say it with your own numbers.",go="stay")
    g=re.findall(r'/queue/q4/answer/groups/(\w+)',b.get("/queue/q4/answer/groups").text); print(len(g))
    br=pw.chromium.launch(executable_path=shutil.which("chromium"),args=["--no-sandbox"])
    for w in (360,1200):
        for scheme in ("light","dark"):
            c=br.new_context(viewport={"width":w,"height":900},color_scheme=scheme); p=c.new_page(); p.goto(s.link())
            for n,path in (("overview","/queue"),("one",u),("groups","/queue/q4/answer/groups"),("group","/queue/q4/answer/groups/"+g[0]),("lines","/queue/q4/answer/lines")):
                p.goto(s.address+path); p.wait_for_timeout(150)
                over=p.evaluate("document.documentElement.scrollWidth-innerWidth")
                p.screenshot(path=f"/tmp/queue_shots/{n}_{w}_{scheme}.png",full_page=True)
                if over>0: print("wide",n,w,over)
            if w==1200:
                p.goto(s.address+u); p.keyboard.press("?"); p.wait_for_timeout(200); p.screenshot(path=f"/tmp/queue_shots/keys_{scheme}.png")
            c.close()
