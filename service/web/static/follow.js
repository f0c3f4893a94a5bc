// Show what would follow from a form while it is filled in. Nothing is stored until it is saved.
const PAUSE = 350;

const isChanged = (field) =>
  field.type !== "hidden" && (field.value !== (field.defaultValue ?? field.value) || field.checked !== field.defaultChecked);

let frames = 0;

// A frame that is there already would keep each preview as a step back in the browser's history.
function nextFrame() {
  const before = document.querySelector("iframe[name=preview]");
  for (const late of document.querySelectorAll("iframe.coming")) late.remove();
  const next = before.cloneNode();
  next.name = `preview-${++frames}`; // a frame keeps the name that it came with
  next.classList.add("coming");
  before.after(next);
  setTimeout(() => next.addEventListener("load", () => {
    next.classList.remove("coming");
    next.setAttribute("name", "preview");
    before.remove();
  }, { once: true }));
  return next.name;
}

for (const form of document.querySelectorAll("form[data-follow]")) {
  const place = document.getElementById(form.dataset.into);
  const button = form.dataset.press && document.getElementById(form.dataset.press);
  let timer;
  let latest = 0;

  const follow = async () => {
    const mine = ++latest;
    button?.click();
    try {
      const answer = await fetch(form.dataset.follow, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const text = answer.ok && !answer.redirected ? await answer.text() : "";
      if (text && mine === latest && place.innerHTML.trim() !== text.trim()) place.innerHTML = text;
    } catch {
      // The server is being restarted: the next change asks again.
    }
  };

  form.addEventListener("submit", (event) => {
    if (button && event.submitter === button) button.formTarget = nextFrame();
  });
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(follow, PAUSE);
  });
  if (button) button.click();
  if ([...form.elements].some(isChanged)) follow(); // begun before this script came
}

// A box to pick a colour beside each that is typed; either follows the other.
for (const typed of document.querySelectorAll("input[data-colour]")) {
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = typed.value;
  picker.setAttribute("aria-label", `Pick: ${typed.labels[0].textContent}`);
  picker.addEventListener("input", (event) => {
    event.stopPropagation();
    typed.value = picker.value;
    typed.dispatchEvent(new Event("input", { bubbles: true }));
  });
  typed.addEventListener("input", () => {
    if (/^#[0-9a-f]{6}$/i.test(typed.value)) picker.value = typed.value;
  });
  typed.before(picker);
}
