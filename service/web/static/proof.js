// The proof of work of a form (ALTCHA): find the number whose hash with the salt is asked for.
// Begun when the form is touched, so that it is mostly done when it is sent. Where the browser
// cannot (no HTTPS), the form goes without; the server lets some of those through.
for (const form of document.querySelectorAll("form[data-proof]")) {
  const asked = JSON.parse(form.dataset.proof);
  const field = form.elements.altcha;
  let solving;
  let tried = !crypto.subtle;

  const solve = async () => {
    const encoder = new TextEncoder();
    for (let number = 0; number <= asked.maxnumber; number += 1) {
      const digest = await crypto.subtle.digest(asked.algorithm, encoder.encode(asked.salt + number));
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
      if (hex.join("") === asked.challenge) {
        const { algorithm, challenge, salt, signature } = asked;
        field.value = btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
        return;
      }
      if (number % 500 === 0) await new Promise((resume) => setTimeout(resume));
    }
  };
  const begin = () => (solving ??= solve().finally(() => { tried = true; }));

  if (!tried) form.addEventListener("focusin", begin, { once: true });
  form.addEventListener("submit", (event) => {
    if (tried) return;
    event.preventDefault();
    const button = event.submitter;
    form.setAttribute("aria-busy", "true");
    begin().finally(() => form.requestSubmit(button));
  });
}
