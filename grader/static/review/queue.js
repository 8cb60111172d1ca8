// The keyboard of the queue. Each page works without: what a key does, a link, a button or a field does too.
"use strict";

document.querySelectorAll(".js").forEach((element) => element.classList.add("here"));

// A key presses the button, follows the link, ticks the box or goes to the field that names it in data-key.
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("textarea, select, input:not([type=checkbox])");
  const form = document.querySelector("form[data-marks]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.main"));
    return;
  }
  if (event.key === "Escape" && field) field.blur();
  if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && form && (event.target === document.body || event.target.matches("main, input"))) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.main"));
    return;
  }
  const found = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key.split(" ").includes(event.key));
  if (!found || found.disabled) return;
  event.preventDefault();
  if (found.matches("textarea, select, input:not([type=checkbox])")) {
    found.focus();
    if (found.select) found.select();
  } else {
    found.click();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  if (button.dataset.setPoints !== undefined) {
    const points = document.getElementById("points");
    points.value = button.dataset.setPoints;
    points.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (button.dataset.ticks !== undefined) {
    for (const box of document.querySelectorAll("input[name=member]")) box.checked = button.dataset.ticks === "all";
    document.querySelector("form[data-marks]").dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// A comment that is used again goes into the field at once, where it can still be changed.
document.addEventListener("change", (event) => {
  const id = event.target.dataset.appendTo;
  if (!id || !event.target.value) return;
  const comment = document.getElementById(id);
  comment.value = [comment.value.trim(), event.target.value].filter(Boolean).join("\n");
  event.target.value = "";
  comment.focus();
});

// What the ticked lines count together, and whether what stands here is saved.
const marks = document.querySelector("form[data-marks]");
if (marks) {
  const shown = (form) => [...new FormData(form)].filter(([name]) => name !== "csrf").join("\n");
  const saved = shown(marks);
  let sending = false;
  const tell = () => {
    const sum = marks.querySelector("[data-sum]");
    const ticked = [...marks.querySelectorAll("input[name=line]:checked")];
    if (sum) {
      const points = ticked.reduce((total, box) => total + Number(box.dataset.points), 0);
      const most = Number(document.getElementById("points").dataset.most);
      sum.textContent = ticked.length ? `: ${Math.round(100 * Math.min(most, Math.max(0, points))) / 100}` : "";
    }
    const unsaved = marks.querySelector("[data-unsaved]");
    if (unsaved) unsaved.hidden = shown(marks) === saved;
  };
  marks.addEventListener("input", tell);
  marks.addEventListener("change", tell);
  marks.addEventListener("submit", () => { sending = true; });
  addEventListener("beforeunload", (event) => {
    if (!sending && marks.dataset.ask !== undefined && shown(marks) !== saved) event.preventDefault();
  });
  tell();
}
