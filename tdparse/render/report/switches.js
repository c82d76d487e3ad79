"use strict";
// The switches of language and theme; without this script a style sheet looks at them itself.
for (const choice of document.querySelectorAll("input[name=lang]"))
  choice.addEventListener("change", () => {
    document.documentElement.lang = choice.value;
    document.dispatchEvent(new Event("language"));
  });
for (const choice of document.querySelectorAll("input[name=theme]"))
  choice.addEventListener("change", () => {
    const theme = choice.id.replace("theme-", "");
    for (const name of ["light", "dark"]) document.documentElement.classList.toggle(name, name === theme);
  });
