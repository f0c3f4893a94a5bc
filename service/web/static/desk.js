// Shape a draft without losing one's place. Every step works as a plain form as well. Its words are
// in words.js, which comes first.
const main = document.querySelector("main");
let busy = false;
let sentForm = null;

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

// Entries that are being edited, but for the one whose form was just sent.
const isChanged = (field) => field.name && field.type !== "hidden" && field.value !== field.defaultValue;

function editsBegun() {
  return [...document.querySelectorAll("#outline .line details[open] form")]
    .filter((form) => form !== sentForm && [...form.elements].some(isChanged))
    .map((form) => ({ id: form.closest(".line").id, seen: form.elements.seen.value, fields: [...form.elements].filter(isChanged) }));
}

function takeUp({ id, seen, fields }) {
  const form = document.getElementById(id)?.querySelector("details form");
  if (!form) return;
  form.closest("details").open = true;
  form.closest("details.rest")?.setAttribute("open", "");
  // Of what the editor began with, so that it is not sent over another's; but a step is their own.
  if (sentForm?.closest(".line")?.id !== id) form.elements.seen.value = seen;
  for (const field of fields) form.elements[field.name].value = field.value;
}

function takeOver(page, withEditorial = false) {
  forgetWhatWasSaid();
  for (const said of [...page.querySelectorAll("main > [role=status], main > [role=alert]")].reverse()) {
    main.prepend(document.adoptNode(said));
  }
  const open = [...document.querySelectorAll("#outline details.rest[open]")].map((one) => one.id);
  const begun = editsBegun();
  for (const part of ["#outline", "#readiness", "#draft", "#origin"]) replacePart(page, part);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const edit of begun) takeUp(edit);
  followStored(page.querySelector("#words"), withEditorial ? ["markdown"] : []);
  words.dispatchEvent(new Event("preview"));
  document.querySelector("#spoken").textContent = main.querySelector(":scope > [role=status]")?.textContent ?? "";
}

async function send(form, button, place) {
  const entry = form.closest(".line")?.id;
  const step = button?.value ?? "place";
  const data = new FormData(form, button);
  if (place) {
    data.set("do", "place");
    data.set("place", place);
  }
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
  const page = await parse(answer);
  if (!page.querySelector("#outline")) return location.reload(); // frozen, or logged out: the server says which
  takeOver(page, step === "accept");
  const line = entry && document.getElementById(entry);
  if (!line) return;
  const same = [...line.querySelectorAll("button[name=do]")].find((one) => one.value === step && !one.disabled);
  if (line.offsetParent) (same || line).focus();
}

async function sendAlone(...what) {
  if (busy) return;
  busy = true;
  await inTurn(async () => {
    [sentForm] = what;
    try {
      await send(...what);
    } catch {
      say("The server did not answer, so nothing was changed. Try again in a moment.");
    }
  });
  busy = false;
}

main.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest("#outline, #draft")) return;
  event.preventDefault();
  sendAlone(form, event.submitter);
});

// Dragged by its dots, an entry takes the place that it is dropped on, within its section.
let dragged = null;

const lineAt = (event) => {
  const line = dragged && event.target.closest?.(".line");
  const there = line && line !== dragged && !line.closest(".dropped");
  return there && line.closest("section") === dragged.closest("section") ? line : null;
};
const isBelow = (line, event) => {
  const { top, height } = line.getBoundingClientRect();
  return event.clientY > top + height / 2;
};
const unmark = () => {
  for (const line of main.querySelectorAll(".above, .below")) line.classList.remove("above", "below");
};

main.addEventListener("dragstart", (event) => {
  if (!event.target.closest?.(".grip")) return;
  dragged = event.target.closest(".line");
  dragged.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  event.dataTransfer.setDragImage(dragged, 10, 10);
});

main.addEventListener("dragover", (event) => {
  const line = lineAt(event);
  if (!line) return;
  event.preventDefault();
  unmark();
  line.classList.add(isBelow(line, event) ? "below" : "above");
});

main.addEventListener("drop", (event) => {
  const line = lineAt(event);
  if (!line) return;
  event.preventDefault();
  const others = [...line.closest("section").querySelectorAll(".line")];
  const standing = others.filter((one) => one !== dragged && !one.closest(".dropped"));
  const place = standing.indexOf(line) + (isBelow(line, event) ? 2 : 1);
  sendAlone(dragged.querySelector(".tools"), null, place);
});

main.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
  unmark();
});

// A model writes for a minute or two: look now and then whether it has come to an end.
const PERIOD = 2000;

setInterval(async () => {
  const awaited = document.querySelector("#draft[data-awaited]");
  if (!awaited || document.hidden || busy) return;
  try {
    const answer = await fetch(awaited.dataset.awaited);
    const page = await parse(answer);
    const fresh = page.querySelector("#draft");
    if (!fresh || fresh.dataset.awaited || busy) return;
    const seen = fresh.querySelector("[name=seen]");
    if (seen) seen.value = words.elements.seen.value; // of the words that this page shows
    awaited.replaceWith(document.adoptNode(fresh));
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
    const page = await parse(answer);
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

addEventListener("beforeunload", (event) => {
  sentForm = null;
  if (editsBegun().length) event.preventDefault();
});
