// What a login page does, on the exchange's own origin: the test puts it into the page and calls its functions.
window.exchange = {
  async ask(method, path, body) {
    const csrf = (document.cookie.match(/(?:^|; )(?:__Host-)?kiestoon_csrf=([^;]*)/) || [])[1];
    const headers = { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
    const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  },

  async makePasskey(password, name) {
    const begun = (await this.ask("POST", "/session/passkeys/options", { current: password })).body;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.public_key);
    const credential = await navigator.credentials.create({ publicKey });
    return this.ask("POST", "/session/passkeys", { step: begun.step, name, credential: credential.toJSON() });
  },

  async usePasskey() {
    const begun = (await this.ask("POST", "/session/passkey/options", {})).body;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(begun.public_key);
    try {
      const credential = await navigator.credentials.get({ publicKey });
      return this.ask("POST", "/session/passkey", { step: begun.step, credential: credential.toJSON() });
    } catch (error) {
      return { status: 0, body: error.name };
    }
  },
};
