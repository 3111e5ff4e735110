"use strict";
// Searching is the one thing that HTML cannot do alone; the levels and verdicts are filtered by the style.
(() => {
  const field = document.getElementById("search");
  const found = document.getElementById("found");
  const entries = Array.from(document.querySelectorAll(".finding, .rule"), (element) => ({
    element, text: element.textContent.toLowerCase(),
  }));
  document.getElementById("searching").hidden = false;
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { element, text } of entries) {
      const matches = words.every((word) => text.includes(word));
      element.classList.toggle("filtered", !matches);
      count += matches ? 1 : 0;
    }
    found.textContent = words.length ? `${count} of ${entries.length}` : "";
  });
  // A link to a rule opens it.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
