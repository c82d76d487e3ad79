"use strict";
(() => {
  const $ = (query) => document.querySelector(query);
  const form = $("#log-form");
  const file = $("#file");
  const text = $("#text");
  const drop = $("#drop");

  // Dropped anywhere, a file is as good as chosen; it goes when the button is pressed.
  for (const name of ["dragenter", "dragover"])
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      file.dispatchEvent(new Event("change"));
    } else if (event.target !== text) text.value += event.dataTransfer.getData("text");
  });

  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    $("#busy").hidden = false;
  });
  addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    $("#busy").hidden = true;
  });
})();
