const dutch = (navigator.language || "nl").startsWith("nl");
const form = document.querySelector("form");
const told = document.getElementById("told");

function say(text, { wrong = false } = {}) {
  told.textContent = text;
  told.className = wrong ? "wrong" : "";
}

function translate() {
  document.documentElement.lang = dutch ? "nl" : "en";
  for (const element of document.querySelectorAll("[data-nl]")) {
    element.textContent = dutch ? element.dataset.nl : element.dataset.en;
  }
  document.title = `${document.querySelector("h1").textContent} – Kiestoon`;
}

async function save(token, chosen) {
  const answer = await fetch("/api/v1/session/password/link", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": dutch ? "nl" : "en" },
    body: JSON.stringify({ token, new: chosen }),
  });
  if (answer.ok) {
    form.hidden = true;
    say(dutch ? "Uw wachtwoord is opgeslagen. U kunt zich aanmelden." : "Your password is saved. You can log in now.");
    return;
  }
  const problem = await answer.json();
  say((problem.errors || []).map((error) => error.message).join(" ") || problem.title, { wrong: true });
}

translate();
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);  // the token works once; it need not stay in the history
if (!token) {
  form.hidden = true;
  say(dutch ? "Open de link uit de mail." : "Open the link in the mail.", { wrong: true });
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [chosen, again] = ["new", "again"].map((id) => document.getElementById(id).value);
  if (chosen !== again) {
    say(dutch ? "De twee wachtwoorden verschillen." : "The two passwords differ.", { wrong: true });
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await save(token, chosen);
  } catch {
    say(
      dutch ? "De centrale antwoordt niet. Probeer het zo nog eens." : "The exchange does not answer. Try again shortly.",
      { wrong: true },
    );
  } finally {
    button.disabled = false;
  }
});
