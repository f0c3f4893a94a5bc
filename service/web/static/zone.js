// Offer the zone that the browser is set to; nothing is chosen for the reader.
for (const select of document.querySelectorAll("select[data-detect-zone]")) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...select.options].some((option) => option.value === here);
  if (!here || !known || select.value === here) continue;
  const offer = document.createElement("button");
  offer.type = "button";
  offer.className = "offer";
  offer.textContent = `Use ${here.replaceAll("_", " ")}`;
  offer.addEventListener("click", () => {
    select.value = here;
    offer.remove();
    select.focus();
  });
  select.after(offer);
}
