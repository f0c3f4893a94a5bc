// Show a mail while it is written. Without this the buttons do the same, one press at a time.
const PAUSE = 700; // ms after the last key

const bar = document.querySelector(".views");
const source = document.getElementById(bar.querySelector("button").getAttribute("form"));
const shown = () => document.querySelector("iframe[name=preview]");
let pressed = bar.querySelector("[aria-pressed=true]");
let waiting;

for (const button of bar.querySelectorAll("[hidden]")) button.hidden = false;

function preview() {
  clearTimeout(waiting);
  source.requestSubmit(pressed);
}

function dress() {
  const phone = pressed.dataset.view === "phone" ? "phone" : "desktop";
  const dark = pressed.dataset.view === "dark" ? "dark" : "";
  shown().className = `preview ${phone} ${dark}`.trim();
}

source.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.formTarget !== "preview") return;
  clearTimeout(waiting);
  if (button.dataset.view) {
    pressed.removeAttribute("aria-pressed");
    pressed = button;
    pressed.setAttribute("aria-pressed", "true");
  } else if (button !== pressed) {
    event.preventDefault();
    setTimeout(preview); // as it is looked at; a form submits nothing while it is submitting
    return;
  }
  dress();
});

source.addEventListener("input", (event) => {
  if (!["subject", "preheader", "markdown"].includes(event.target.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(preview, PAUSE);
});
source.addEventListener("preview", preview);
