// <playground-chat> holds the playground's form. It makes the form's call by the API instead of posting it, shows the answer token by
// token, and measures it. The conversation lives on this page only.

import { Answer, CallFailed, events } from "./playground-answer.js";

/** @typedef {{ role: "system" | "user" | "assistant", content: string }} Message */
/** @typedef {import("./playground-answer.js").Usage} Usage */
/** @typedef {import("./playground-answer.js").CallError} CallError */

class PlaygroundChat extends HTMLElement {
  /** @type {Message[]} */
  #conversation = [];
  /** @type {AbortController | undefined} */
  #call;

  connectedCallback() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.#message?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
    });
    this.#act("stop")?.addEventListener("click", () => this.#call?.abort());
    this.#act("clear")?.addEventListener("click", () => this.#clear());
    this.#model.addEventListener("change", () => this.#choose());
    this.#shown = this.#model.value;
  }

  /** The model that the code and the address are for. */
  #shown = "";

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  get #log() {
    return /** @type {HTMLOListElement} */ (this.querySelector(".chat"));
  }

  get #message() {
    return /** @type {HTMLTextAreaElement | null} */ (this.#form.elements.namedItem("message"));
  }

  get #model() {
    return /** @type {HTMLSelectElement} */ (this.#form.elements.namedItem("model"));
  }

  /** @param {string} name */
  #act(name) {
    return /** @type {HTMLButtonElement | null} */ (this.querySelector(`[data-act="${name}"]`));
  }

  /** @param {string} name @param {string} text */
  #fact(name, text) {
    this.querySelector(`[data-fact="${name}"]`)?.replaceChildren(text);
  }

  async #send() {
    const content = this.#message?.value ?? "";
    if (this.#call || !content.trim()) {
      return;
    }

    this.#say("user", "You", content);
    this.#conversation.push({ role: "user", content });
    /** @type {HTMLTextAreaElement} */ (this.#message).value = "";
    const turn = this.#say("assistant", this.#model.value, "");
    turn.classList.add("turn--coming");
    this.#busy(true);
    this.#call = new AbortController();
    const answer = new Answer(/** @type {HTMLElement} */ (turn.querySelector(".turn__text")), this.#log);
    try {
      await this.#ask(answer, this.#call.signal);
    } catch (failure) {
      if (!this.#call.signal.aborted) {
        this.#complain(failure instanceof CallFailed ? failure.error : { message: "The connection broke off. What was answered until then is charged." });
      }
    } finally {
      this.#call = undefined;
      turn.classList.remove("turn--coming");
      this.#end(turn, answer);
      this.#busy(false);
    }
  }

  /** @param {Answer} answer @param {AbortSignal} signal */
  async #ask(answer, signal) {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(this.#body()),
      signal,
    });
    if (!response.ok || !response.body) {
      const body = await response.json().catch(() => null);
      throw new CallFailed(body?.error ?? { message: `The server answered ${response.status}.` });
    }

    for await (const data of events(response.body)) {
      if (data === "[DONE]") {
        return;
      }

      const chunk = JSON.parse(data);
      if (chunk.error) {
        throw new CallFailed(chunk.error);
      }

      answer.add(chunk.choices[0]?.delta.content ?? "", chunk.usage);
      this.#measure(answer);
    }
  }

  #body() {
    const fields = new FormData(this.#form);
    const system = String(fields.get("system") ?? "").trim();
    /** @type {Record<string, unknown>} */
    const body = {
      model: this.#model.value,
      messages: system ? [{ role: "system", content: system }, ...this.#conversation] : this.#conversation,
      stream: true,
      stream_options: { include_usage: true },
    };
    for (const name of ["temperature", "max_tokens", "seed"]) {
      if (fields.get(name)) {
        body[name] = Number(fields.get(name));
      }
    }

    return body;
  }

  /** @param {Answer} answer */
  #measure(answer) {
    if (answer.firstAfterMs !== undefined) {
      this.#fact("first", `${Math.round(answer.firstAfterMs)} ms`);
    }

    this.#fact("answer", `${answer.tokens} tokens`);
    if (answer.tokensPerSecond) {
      this.#fact("speed", `${answer.tokensPerSecond.toFixed(0)} tokens/s`);
    }

    if (answer.usage) {
      this.#fact("prompt", `${answer.usage.prompt_tokens} tokens`);
      this.#fact("cost", this.#cost(answer.usage));
    }
  }

  /** @param {Usage} usage */
  #cost(usage) {
    const { input, output } = this.#model.selectedOptions[0].dataset;
    if (!input || !output) {
      return "–";
    }

    // For the eye; what is charged is on the usage page, exactly.
    const cost = (Number(input) * usage.prompt_tokens + Number(output) * usage.completion_tokens) / 1e6;
    return cost === 0 ? "free" : `$${cost.toFixed(Math.max(2, 1 - Math.floor(Math.log10(cost))))}`;
  }

  /** @param {HTMLElement} turn @param {Answer} answer */
  #end(turn, answer) {
    answer.show();
    if (answer.text) {
      this.#conversation.push({ role: "assistant", content: answer.text });
    } else {
      turn.remove(); // nothing came: the question may be asked again
      const asked = this.#conversation.pop();
      if (this.#message && !this.#message.value) {
        this.#message.value = asked?.content ?? "";
      }
    }

    this.#message?.focus();
  }

  /** @param {"user" | "assistant"} role @param {string} who @param {string} text */
  #say(role, who, text) {
    this.querySelector(".chat__hint")?.remove();
    const turn = document.createElement("li");
    turn.className = role === "user" ? "turn turn--user" : "turn";
    const name = document.createElement("span");
    name.className = "turn__who";
    name.textContent = who;
    const said = document.createElement("p");
    said.className = "turn__text";
    said.textContent = text;
    turn.append(name, said);
    this.#log.append(turn);
    this.#log.scrollTop = this.#log.scrollHeight;
    return turn;
  }

  /** @param {CallError} error */
  #complain(error) {
    const item = document.createElement("li");
    item.className = "alert alert--bad";
    item.setAttribute("role", "alert");
    const text = document.createElement("div");
    text.append(error.topup_url ? error.message.replace(error.topup_url, "").trim() : error.message);
    if (error.topup_url) {
      const link = document.createElement("a");
      link.href = error.topup_url;
      link.textContent = "Top up";
      text.append(" ", link);
    }

    item.append(text);
    this.#log.append(item);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {boolean} isBusy */
  #busy(isBusy) {
    this.#log.setAttribute("aria-busy", String(isBusy));
    /** @type {HTMLButtonElement} */ (this.#form.querySelector("[type=submit]")).disabled = isBusy;
    const stop = this.#act("stop");
    const clear = this.#act("clear");
    if (stop && clear) {
      stop.hidden = !isBusy;
      clear.hidden = isBusy;
    }
  }

  #clear() {
    this.#conversation = [];
    this.#log.replaceChildren();
    for (const name of ["prompt", "answer", "cost", "first", "speed"]) {
      this.#fact(name, "–");
    }

    this.#message?.focus();
  }

  /** Another model: its price, its code, its address. */
  #choose() {
    const { input, output } = this.#model.selectedOptions[0].dataset;
    this.#fact("price", input && output ? `$${input} in, $${output} out per million tokens` : "No price yet, so calls are refused.");
    const code = document.createTreeWalker(/** @type {Node} */ (this.querySelector(".playground__code")), NodeFilter.SHOW_TEXT);
    while (code.nextNode()) {
      code.currentNode.nodeValue = code.currentNode.nodeValue?.replace(this.#shown, this.#model.value) ?? "";
    }

    this.#shown = this.#model.value;
    history.replaceState(null, "", `/playground/${this.#shown}`);
  }
}

customElements.define("playground-chat", PlaygroundChat);
