// What makes the desk handier where scripts run; every page works without. No page has a script of its own.
"use strict";

// A form with data-confirm asks before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A field with data-submit sends its form when it is changed.
document.addEventListener("change", (event) => {
  if ("submit" in event.target.dataset) event.target.form.requestSubmit();
});

// A page with data-refresh loads itself again after so many seconds.
const refreshing = document.querySelector("[data-refresh]");
if (refreshing) setTimeout(() => location.reload(), 1000 * Number(refreshing.dataset.refresh));
