/** Measures what comes out of the telephone: the strongest tone and how loud it all is. */

const WINDOW = 8192; // samples; 170 ms at 48 kHz, 6 Hz a bin
const NEAR_BINS = 4; // the width of a tone in the analyser's Blackman window

export class Ear {
  #context = new AudioContext();
  #analyser = new AnalyserNode(this.#context, { fftSize: WINDOW, smoothingTimeConstant: 0, minDecibels: -140 });
  #player = new Audio();
  #source = null;

  /** Listen to this track from now on. */
  hear(track) {
    const stream = new MediaStream([track]);
    // Chromium decodes a remote track only while something plays it.
    this.#player.srcObject = stream;
    this.#player.play();
    this.#source?.disconnect();
    this.#source = new MediaStreamAudioSourceNode(this.#context, { mediaStream: stream });
    this.#source.connect(this.#analyser);
  }

  /** `hz` of the strongest tone, its `share` of the energy (0 to 1) and the `level` of everything in dB below full scale. */
  measure() {
    const bins = new Float32Array(this.#analyser.frequencyBinCount);
    this.#analyser.getFloatFrequencyData(bins);
    const energy = bins.map((decibels) => (Number.isFinite(decibels) ? 10 ** (decibels / 10) : 0));
    energy.fill(0, 0, 5); // below 30 Hz is no speech
    const total = energy.reduce((sum, each) => sum + each, 0);
    const peak = energy.indexOf(Math.max(...energy));
    const near = energy.subarray(Math.max(0, peak - NEAR_BINS), peak + NEAR_BINS + 1);
    const samples = new Float32Array(WINDOW);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, each) => sum + each * each, 0) / WINDOW;
    return {
      hz: (peak * this.#context.sampleRate) / WINDOW,
      share: total ? near.reduce((sum, each) => sum + each, 0) / total : 0,
      level: 10 * Math.log10(power + 1e-12),
      state: this.#context.state,
    };
  }
}
