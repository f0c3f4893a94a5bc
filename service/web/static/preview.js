// Show a mail while it is written. Without this the buttons do the same, one press at a time.
const PAUSE = 700; // ms after the last key

const bar = document.querySelector(".views");
const source = document.getElementById(bar.querySelector("button").getAttribute("form"));
const shown = () => document.querySelector("iframe[name=preview]");
let pressed = bar.querySelector("[aria-pressed=true]");
let waiting;
let count = 0;

for (const button of bar.querySelectorAll("[hidden]")) button.hidden = false;

function preview() {
  clearTimeout(waiting);
  source.requestSubmit(pressed);
}

// Each goes into a frame of its own, which takes the place of the one before once it is there: no
// flicker, and no step in the browser's history.
function nextFrame() {
  const before = shown();
  const next = document.createElement("iframe");
  for (const name of ["title", "sandbox"]) next.setAttribute(name, before.getAttribute(name));
  const phone = pressed.dataset.view === "phone" ? "phone" : "desktop";
  next.className = `preview ${phone} ${pressed.dataset.view === "dark" ? "dark" : ""} coming`;
  for (const late of document.querySelectorAll("iframe.coming")) late.remove();
  next.name = `preview-${++count}`; // a frame keeps the name that it came with
  before.after(next);
  setTimeout(() => next.addEventListener("load", () => {
    next.classList.remove("coming");
    next.setAttribute("name", "preview");
    before.remove();
  }, { once: true }));
  return next.name;
}

source.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.formTarget.startsWith("preview")) return;
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
  button.formTarget = nextFrame();
});

const written = ["subject", "preheader", "markdown"].map((name) => source.elements[name]).filter(Boolean);

source.addEventListener("input", (event) => {
  if (!written.includes(event.target)) return;
  clearTimeout(waiting);
  waiting = setTimeout(preview, PAUSE);
});
// Begun before this script came, or sent and not stored: the frame shows what is stored.
const isAhead = written.some((field) => field.value !== field.defaultValue);
if (isAhead || document.querySelector("main > [role=alert]")) preview();
source.addEventListener("preview", preview);

// Where the mail stands below the words, as on a phone, who presses wants to see it.
document.addEventListener("click", (event) => {
  if (!event.target.closest("button[formtarget^=preview]")) return;
  const place = bar.parentElement;
  if (place.getBoundingClientRect().top > innerHeight / 2) place.scrollIntoView({ behavior: "smooth" });
});
