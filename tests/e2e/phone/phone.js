/**
 * A telephone in a browser, on JsSIP, that a test operates through `window.phone`.
 *
 * Everything that happens is kept in `phone.events` as `{type, ...details}`, so that a test waits for what it expects
 * instead of polling for states that may already have passed.
 */
import JsSIP from "jssip";

import { Ear } from "./ear.js";

// The browser would take a steady tone for noise, and remove it.
const RAW_AUDIO = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, video: false };

class Phone {
  events = [];
  session = null;
  ear = null;
  #agent = null;
  #watch = null;

  /** Log in; the outcome is an event, "registered" or "registrationFailed". */
  start({ server, uri, password, registerS = 60 }) {
    const socket = new JsSIP.WebSocketInterface(server);
    this.#agent = new JsSIP.UA({
      sockets: [socket],
      uri,
      password,
      register_expires: registerS,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 1,
    });
    this.#agent.on("connected", () => this.#tell("connected"));
    this.#agent.on("disconnected", ({ code }) => this.#tell("disconnected", { code }));
    this.#agent.on("registered", () => this.#tell("registered"));
    this.#agent.on("unregistered", () => this.#tell("unregistered"));
    this.#agent.on("registrationFailed", ({ response, cause }) =>
      this.#tell("registrationFailed", { status: response?.status_code ?? 0, cause }),
    );
    this.#agent.on("newRTCSession", ({ originator, session, request }) => this.#take(originator, session, request));
    this.#agent.start();
  }

  /** Log out, which brings the event "unregistered"; whether there is anything to log out of. */
  stop() {
    const registered = this.#agent?.isRegistered() ?? false;
    this.#agent?.unregister();
    return registered;
  }

  /** Tear the connection to the exchange, without a word. */
  cutConnection() {
    this.#agent.transport.socket._ws.close();
  }

  call(number) {
    this.#agent.call(number, { mediaConstraints: RAW_AUDIO, pcConfig: { iceServers: [] } });
  }

  answer() {
    this.session.answer({ mediaConstraints: RAW_AUDIO, pcConfig: { iceServers: [] } });
  }

  reject() {
    this.session.terminate({ status_code: 486 });
  }

  hangUp() {
    this.session.terminate();
  }

  /** Resolves when the exchange has agreed. */
  hold() {
    return new Promise((done) => this.session.hold({}, done));
  }

  /** Resolves when the exchange has agreed. */
  resume() {
    return new Promise((done) => this.session.unhold({}, done));
  }

  /** Find a new way to the exchange, as after a change of network (RFC 8445 §9); resolves when that is agreed. */
  restartIce() {
    return new Promise((done) => this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, done));
  }

  /** Press keys: RFC 4733 telephone events; "keysPressed" says when the last one is sent. */
  pressKeys(digits) {
    this.session.connection.getSenders()[0].dtmf.addEventListener("tonechange", ({ tone }) => {
      if (!tone) {
        this.#tell("keysPressed");
      }
    });
    this.session.sendDTMF(digits, { transportType: "RFC2833", duration: 100, interToneGap: 70 });
  }

  /** What the browser measured about the speech received: packets, lost ones, codec, DTLS and ICE states,
   *  and the `path`'s name, which changes with an ICE restart. */
  async stats() {
    const connection = this.session.connection;
    const found = { connection: connection.connectionState, ice: connection.iceConnectionState };
    const report = await connection.getStats();
    for (const entry of report.values()) {
      if (entry.type === "inbound-rtp") {
        found.received = entry.packetsReceived;
        found.lost = entry.packetsLost;
        found.codec = report.get(entry.codecId)?.mimeType;
      } else if (entry.type === "outbound-rtp") {
        found.sent = entry.packetsSent;
      } else if (entry.type === "transport") {
        found.dtls = entry.dtlsState;
        found.cipher = entry.srtpCipher;
        found.path = entry.iceLocalUsernameFragment;
      }
    }
    return found;
  }

  /** Begin to measure pauses in what is received: `longestPause()` tells. */
  watchPackets() {
    clearInterval(this.#watch?.timer);
    const watch = { received: 0, since: performance.now(), longest: 0 };
    watch.timer = setInterval(async () => {
      const { received } = await this.stats();
      const now = performance.now();
      watch.longest = Math.max(watch.longest, now - watch.since);
      if (received !== watch.received) {
        watch.received = received;
        watch.since = now;
      }
    }, 20);
    this.#watch = watch;
  }

  /** The longest time without a packet since `watchPackets()`, in milliseconds. */
  longestPause() {
    return this.#watch.longest;
  }

  #take(originator, session, request) {
    this.session = session;
    this.ear = null;
    const about = (type) => (event) => this.#tell(type, reasonOf(event));
    session.on("progress", about("ringing"));
    session.on("accepted", about("accepted"));
    session.on("confirmed", about("confirmed"));
    session.on("failed", about("failed"));
    session.on("ended", about("ended"));
    session.on("hold", ({ originator: by }) => this.#tell("held", { by }));
    session.on("unhold", ({ originator: by }) => this.#tell("resumed", { by }));
    session.on("peerconnection", ({ peerconnection }) => this.#listen(peerconnection));
    if (session.connection) {
      this.#listen(session.connection);
    }
    if (originator === "remote") {
      this.#tell("incoming", { from: request.from.uri.user, name: request.from.display_name ?? "" });
    }
  }

  #listen(connection) {
    connection.addEventListener("track", ({ track }) => {
      this.ear ??= new Ear();
      this.ear.hear(track);
    });
  }

  #tell(type, details = {}) {
    this.events.push({ type, ...details });
  }
}

/** Why a call changed, from JsSIP's event: cause, status and Reason header where there are such. */
function reasonOf({ originator = "", cause = "", message = null } = {}) {
  return {
    by: originator,
    cause,
    status: message?.status_code ?? 0,
    reason: message?.getHeader?.("Reason") ?? "",
  };
}

window.phone = new Phone();
