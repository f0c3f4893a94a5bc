// Keep the words of a draft while they are written. Without this its buttons do the same.
const IDLE = 1500; // ms after the last key
const AGAIN = 5000; // ms until a server that did not answer is asked again
const WORDS = ["subject", "preheader", "markdown"];

const words = document.querySelector("#words");
const told = document.querySelector("#kept");
const inForm = (form) => WORDS.map((name) => form.elements[name].value);
const alike = (some, others) => some.every((text, place) => text === others[place]);

// As the server has them; none of it when what is in the form could not be stored. Somebody may have
// begun to write before this script came.
const asSent = WORDS.map((name) => words.elements[name].defaultValue);
let stored = document.querySelector("main > [role=alert]") ? [] : asSent;
let refused = Boolean(document.querySelector("#theirs")); // over another's words only by a press
let leaving = false;
let idle;

const wordsAreTouched = () => !alike(inForm(words), stored);
function tell(text, how = "off") {
  told.ariaLive = how; // read out when it is a problem, not each time that all is well
  told.textContent = text;
}
const tellProblem = (text) => tell(`Not saved: ${text}`, "assertive");

// One request at a time: each answer bears the marks that the next request must show.
let turn = Promise.resolve();
const inTurn = (act) => (turn = turn.then(act, act));

const parse = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

async function sendWords() {
  const data = new URLSearchParams(new FormData(words));
  return parse(await fetch(words.action, { method: "POST", body: data, keepalive: document.hidden }));
}

// Logged out and in again in another tab: the form there has a token that holds.
async function renewToken() {
  const page = await parse(await fetch(location.href));
  const token = page.querySelector("#words [name=csrf_token]")?.value;
  if (!token) return false;
  for (const old of document.querySelectorAll("[name=csrf_token]")) old.value = token;
  return true;
}

const isWhole = () => words.elements.subject.value.trim() && (words.elements.seen || words.elements.markdown.value.trim());

async function keepWords() {
  clearTimeout(idle);
  if (refused || leaving || !wordsAreTouched()) return;
  if (!isWhole()) return tell("Not saved yet: it needs a subject and a text.");
  const sent = inForm(words);
  tell("Saving …");
  try {
    let page = await sendWords();
    if (!page.querySelector("#words") && (await renewToken())) page = await sendWords();
    if (!page.querySelector("#words")) return tellProblem("this is no draft any more, or you were logged out. Look in another tab; what you wrote stays here.");
    const problem = page.querySelector("main > [role=alert]");
    if (problem) {
      refused = Boolean(page.querySelector("#theirs"));
      return tellProblem(refused ? "it was changed elsewhere meanwhile: by another editor, or in another window. Press Save to see what is stored." : problem.textContent);
    }
    stored = sent;
    takeMarks(page);
    tell(`Saved at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
  } catch {
    tellProblem("the server does not answer. It is tried again.");
    idle = setTimeout(() => inTurn(keepWords), AGAIN);
  }
  if (wordsAreTouched()) keepSoon();
}

// Words follow the entries, and other editors write: what this editor has not touched becomes what is
// stored. The marks are taken unless what they touched was changed: then the server says so.
const same = (one, other) => one.replace(/\s+/g, " ").trim() === (other ?? "").replace(/\s+/g, " ").trim();

function followStored(fresh, instead = []) {
  let clashes = false;
  WORDS.forEach((name, place) => {
    const [field, now] = [words.elements[name], fresh.elements[name].value];
    if (same(now, stored[place])) return;
    if (field.value === stored[place] || instead.includes(name)) field.value = stored[place] = now;
    else clashes = true;
  });
  if (clashes) return;
  for (const name of ["seen", "shown"]) words.elements[name].value = fresh.elements[name].value;
}

// The first time, the form shows that it is a draft now and no longer a new page.
function takeMarks(page) {
  const fresh = page.querySelector("#words");
  for (const name of ["seen", "shown"]) {
    if (!words.elements[name]) words.prepend(fresh.elements[name].cloneNode());
  }
  followStored(fresh);
  const draft = document.querySelector("#draft [name=seen]");
  if (draft) draft.value = words.elements.seen.value;
  for (const part of ["#readiness", "#origin"]) replacePart(page, part);
  if (words.action === fresh.action) return;
  words.action = fresh.action;
  for (const name of ["correcting", "entry"]) words.elements[name]?.remove();
  document.querySelector("#which")?.replaceWith(document.adoptNode(fresh.elements.newsletter));
  replacePart(page, ".crumb");
  history.replaceState(null, "", fresh.action.replace(/\/words$/, ""));
}

function replacePart(page, part) {
  const [before, next] = [document.querySelector(part), document.adoptNode(page.querySelector(part))];
  if (before.querySelector("details.advice[open]")) next.querySelector("details.advice")?.setAttribute("open", "");
  before.replaceWith(next);
}

function keepSoon() {
  clearTimeout(idle);
  idle = setTimeout(() => inTurn(keepWords), IDLE);
}

words.addEventListener("input", (event) => {
  if (!WORDS.includes(event.target.name)) return;
  if (!refused) tell("");
  keepSoon();
});

// A button stores by the form itself, and only after what is under way: else the page would meet its
// own words as another's.
words.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (leaving || button?.formTarget.startsWith("preview")) return;
  event.preventDefault();
  clearTimeout(idle);
  inTurn(() => setTimeout(() => { // a form submits nothing while it is submitting
    leaving = true;
    words.requestSubmit(button);
  }));
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && wordsAreTouched()) inTurn(keepWords);
});

addEventListener("beforeunload", (event) => {
  if (!leaving && wordsAreTouched()) event.preventDefault();
});

// Back by the browser's history: the page is as it was left, and saves again.
addEventListener("pageshow", (event) => {
  if (event.persisted) leaving = false;
});

addEventListener("keydown", (event) => {
  if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  inTurn(keepWords);
});

if (wordsAreTouched() && !refused && stored.length) keepSoon();
