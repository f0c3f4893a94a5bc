// Shape a draft without losing one's place. Every step works as a plain form as well.
const words = document.querySelector("#words");
const asShown = new FormData(words);
const wordsAreTouched = () =>
  ["subject", "preheader", "markdown"].some((name) => new FormData(words).get(name) !== asShown.get(name));

const main = document.querySelector("main");
let busy = false;

function forgetWhatWasSaid() {
  for (const old of main.querySelectorAll(":scope > [role=status], :scope > [role=alert]")) old.remove();
}

function say(problem) {
  forgetWhatWasSaid();
  const said = document.createElement("p");
  said.className = "problem";
  said.setAttribute("role", "alert");
  said.textContent = problem;
  main.prepend(said);
}

function takeOver(page) {
  forgetWhatWasSaid();
  for (const said of [...page.querySelectorAll("main > [role=status], main > [role=alert]")].reverse()) {
    main.prepend(document.adoptNode(said));
  }
  for (const part of ["#outline", "#readiness"]) {
    document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
  }
  if (!wordsAreTouched()) {
    const fresh = page.querySelector("#words");
    for (const name of ["seen", "subject", "preheader", "markdown"]) {
      words.elements[name].value = fresh.elements[name].value;
      asShown.set(name, words.elements[name].value);
    }
  }
  const preview = document.querySelector("#preview");
  preview.src = preview.src;
}

async function send(form, button) {
  const entry = form.closest(".line").id;
  const step = button.value;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("#outline")) return location.reload(); // frozen, or logged out: the server says which
  takeOver(page);
  const line = document.getElementById(entry);
  if (!line) return;
  const same = [...line.querySelectorAll("button[name=do]")].find((one) => one.value === step && !one.disabled);
  if (line.offsetParent) (same || line).focus();
}

main.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("#outline")) return;
  event.preventDefault();
  if (busy) return;
  busy = true;
  try {
    await send(form, event.submitter);
  } catch {
    say("The server did not answer, so nothing was changed. Try again in a moment.");
  } finally {
    busy = false;
  }
});

const STEPS = { k: "up", j: "down", d: "drop" };

main.addEventListener("keydown", (event) => {
  const line = event.target.closest(".line");
  if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "e") {
    const details = line.querySelector("details");
    if (!details) return;
    event.preventDefault();
    details.open = true;
    details.querySelector("input:not([type=hidden]), textarea").focus();
    return;
  }
  const step = event.key === "p" ? (line.matches(".pinned") ? "unpin" : "pin") : STEPS[event.key];
  const button = step && line.querySelector(`button[value=${step}]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
