// What comes back from a streamed call: its events, its text, its measures, or its failure.

/** @typedef {{ prompt_tokens: number, completion_tokens: number }} Usage */
/** @typedef {{ message: string, code?: string, topup_url?: string }} CallError */

/** An answer as it comes: its text, shown once per frame, and its measures. */
export class Answer {
  #startedAt = performance.now();
  #lastAt = 0;
  #isDue = false;
  text = "";
  tokens = 0;
  /** @type {number | undefined} */
  firstAfterMs;
  /** @type {Usage | undefined} */
  usage;

  /** @param {HTMLElement} element @param {HTMLElement} log */
  constructor(element, log) {
    this.element = element;
    this.log = log;
  }

  get tokensPerSecond() {
    const seconds = (this.#lastAt - this.#startedAt - (this.firstAfterMs ?? 0)) / 1000;
    return this.tokens > 1 && seconds > 0 ? (this.tokens - 1) / seconds : undefined;
  }

  /** @param {string} text @param {Usage | null | undefined} usage */
  add(text, usage) {
    if (usage) {
      this.usage = usage;
      this.tokens = usage.completion_tokens;
    }

    if (text) {
      this.#lastAt = performance.now();
      this.firstAfterMs ??= this.#lastAt - this.#startedAt;
      this.text += text;
      this.tokens += 1; // about one a chunk; the usage at the end is exact
    }

    if (!this.#isDue) {
      this.#isDue = true;
      requestAnimationFrame(() => this.show());
    }
  }

  show() {
    this.#isDue = false;
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    this.element.textContent = this.text;
    if (isAtEnd) {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }
}

export class CallFailed extends Error {
  /** @param {CallError} error */
  constructor(error) {
    super(error.message);
    this.error = error;
  }
}

/** The data of each server-sent event. @param {ReadableStream<Uint8Array>} body */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) {
        yield line.slice("data: ".length);
      }
    }
  }
}
