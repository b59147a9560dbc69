// SHA-256 (FIPS 180-4) of bytes that come in pieces. The browser's own digest takes a file whole, and only on https.

// Signed: the engine keeps 32-bit integers as such only while they are.
const K = new Int32Array(64);
const FIRST = new Int32Array(8);

for (let found = 0, n = 2; found < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n && isPrime; d++) {
    isPrime = n % d !== 0;
  }

  if (isPrime) {
    FIRST[found] = found < 8 ? fraction(Math.sqrt(n)) : 0;
    K[found++] = fraction(Math.cbrt(n));
  }
}

/** @param {number} root The first 32 bits behind its point. */
function fraction(root) {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

export class Sha256 {
  #state = Int32Array.from(FIRST);
  #words = new Int32Array(64);
  #block = new Uint8Array(64);
  #filled = 0;
  #length = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) {
        return;
      }

      this.#compress(this.#block, 0);
    }

    for (; at + 64 <= bytes.length; at += 64) {
      this.#compress(bytes, at);
    }

    this.#block.set(bytes.subarray(at));
    this.#filled = bytes.length - at;
  }

  /** @returns {string} 64 lower-case hex digits. */
  digest() {
    const end = new Uint8Array(this.#filled < 56 ? 64 : 128);
    end.set(this.#block.subarray(0, this.#filled));
    end[this.#filled] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(this.#length / 2 ** 29));
    view.setUint32(end.length - 4, (this.#length << 3) >>> 0);
    for (let at = 0; at < end.length; at += 64) {
      this.#compress(end, at);
    }

    return [...this.#state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  #compress(bytes, at) {
    const w = this.#words;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }

    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }

    const state = this.#state;
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }

    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}
