# train_one_epoch returns the losses of the epoch, evaluate a pair; the caller keeps the books. German names.
# %% loops
def trainiere_epoche(netz, lader, verlustfunktion, optimierer, geraet, schritt):
    """Eine Epoche; gibt die Verluste jedes hundertsten Stapels, deren Schritte und den letzten Schritt zurück."""
    netz.train()
    verluste, schritte = [], []
    for nummer, (bilder, ziffern) in enumerate(lader):
        bilder, ziffern = bilder.to(geraet), ziffern.to(geraet)
        optimierer.zero_grad()
        verlust = verlustfunktion(netz(bilder), ziffern)
        verlust.backward()
        optimierer.step()
        schritt += 1
        if nummer % 100 == 0:
            verluste.append(verlust.item())
            schritte.append(schritt)
    return verluste, schritte, schritt


@torch.no_grad()
def bewerte(netz, lader, verlustfunktion, geraet):
    """Mittlerer Verlust der Stapel und Anteil der richtigen Antworten."""
    netz.eval()
    summe, richtig = 0.0, 0
    for bilder, ziffern in lader:
        ausgabe = netz(bilder.to(geraet))
        summe += verlustfunktion(ausgabe, ziffern.to(geraet)).item()
        richtig += (ausgabe.argmax(1) == ziffern.to(geraet)).sum().item()
    return summe / len(lader), richtig / len(lader.dataset)


def lerne(netz, optimierer, epochen, geraet, buch):
    beginn = time.time()
    for epoche in range(epochen):
        uhr = time.time()
        verluste, schritte, buch["schritt"] = trainiere_epoche(
            netz, train_loader, criterion, optimierer, geraet, buch["schritt"]
        )
        buch["train"] += verluste
        buch["train_x"] += schritte
        verlust, anteil = bewerte(netz, test_loader, criterion, geraet)
        buch["test"].append(verlust)
        buch["test_x"].append(buch["schritt"])
        print(f"Epoche {epoche + 1}: {time.time() - uhr:.2f} s, Testverlust {verlust:.4f}, Anteil {anteil:.3f}")
    print(f"{epochen} Epochen mit Test: {time.time() - beginn:.2f} s insgesamt")


def neues_buch():
    return {"train": [], "train_x": [], "test": [], "test_x": [], "schritt": 0}

# %% train
buch = neues_buch()
lerne(model, optimizer, 10, "cpu", buch)

# %% q2
curves(buch["train_x"], buch["train"], buch["test_x"], buch["test"], "10 Epochen")

# %% q3
lerne(model, optimizer, 10, "cpu", buch)
curves(buch["train_x"], buch["train"], buch["test_x"], buch["test"], "20 Epochen")

# %% gpu_loops

# %% q5
lerne(model, optimizer, 10, "cuda", neues_buch())

# %% q7
lerne(model, optimizer, 2, "cpu", neues_buch())

# %% q8
model = CNN().cuda()
lerne(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.5), 2, "cuda", neues_buch())
