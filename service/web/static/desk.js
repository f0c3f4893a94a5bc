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

function replacePart(page, part) {
  document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
}

function takeOver(page, withEditorial = false) {
  forgetWhatWasSaid();
  for (const said of [...page.querySelectorAll("main > [role=status], main > [role=alert]")].reverse()) {
    main.prepend(document.adoptNode(said));
  }
  const open = [...document.querySelectorAll("#outline details.rest[open]")].map((one) => one.id);
  for (const part of ["#outline", "#readiness", "#draft", "#origin"]) replacePart(page, part);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const fresh = page.querySelector("#words");
  const names = wordsAreTouched() ? (withEditorial ? ["seen", "markdown"] : []) : ["seen", "subject", "preheader", "markdown"];
  for (const name of names) {
    words.elements[name].value = fresh.elements[name].value;
    asShown.set(name, words.elements[name].value);
  }
  const preview = document.querySelector("#preview");
  preview.src = preview.src;
}

async function send(form, button) {
  const entry = form.closest(".line")?.id;
  const step = button.value;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("#outline")) return location.reload(); // frozen, or logged out: the server says which
  takeOver(page, step === "accept");
  const line = entry && document.getElementById(entry);
  if (!line) return;
  const same = [...line.querySelectorAll("button[name=do]")].find((one) => one.value === step && !one.disabled);
  if (line.offsetParent) (same || line).focus();
}

main.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("#outline, #draft")) return;
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

// A model writes for a minute or two: look now and then whether it has come to an end.
const PERIOD = 2000;

setInterval(async () => {
  const awaited = document.querySelector("#draft[data-awaited]");
  if (!awaited || document.hidden || busy) return;
  try {
    const answer = await fetch(awaited.dataset.awaited);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#draft");
    if (fresh && !fresh.dataset.awaited && !busy) awaited.replaceWith(document.adoptNode(fresh));
  } catch {
    // The server is being restarted: the next round asks again.
  }
}, PERIOD);

main.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-check]");
  if (!link) return;
  event.preventDefault();
  link.textContent = "Checking …";
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("#readiness")) return location.reload();
    replacePart(page, "#readiness");
  } catch {
    say("The server did not answer. Try again in a moment.");
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
