// <upload-files data-api data-lfs data-branch data-home>: the form inside it takes files and folders by drop or choice, and sends them
// in three steps that are shown apart: hashing, uploading, committing. Stopped or cut off, it goes on where it was; what the server
// has already is not sent. Without this script the form sends small files by itself.

import { filesOf, gitId } from "./chosen-files.js";
import { commit, missing, plan, sendBytes, UploadFailure } from "./upload-calls.js";

const AT_ONCE = 3; // large files on their way
const ROWS = 200; // of the list; a folder may hold thousands
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** @param {number} bytes */
function size(bytes) {
  let unit = 0;
  for (; bytes >= 1000 && unit < UNITS.length - 1; unit++) {
    bytes /= 1000;
  }

  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${UNITS[unit]}`;
}

class UploadFiles extends HTMLElement {
  /** @type {import("./upload-calls.js").Item[]} */
  #items = [];
  /** @type {AbortController | null} */
  #running = null;

  connectedCallback() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    for (const input of this.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => this.#choose(/** @type {HTMLInputElement} */ (input)));
    }

    const drop = this.#part("drop");
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("dragenter", () => drop.toggleAttribute("data-over", true));
    drop.addEventListener("dragleave", (event) => drop.toggleAttribute("data-over", drop.contains(/** @type {Node | null} */ (event.relatedTarget))));
    drop.addEventListener("drop", (event) => void this.#drop(event));
    this.#part("list").addEventListener("click", (event) => this.#remove(event));
    this.#part("stop").addEventListener("click", () => this.#running?.abort());
    addEventListener("beforeunload", (event) => this.#running && event.preventDefault());
    this.#show();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  /** @param {string} name @returns {any} */
  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  get #place() {
    return { api: this.dataset.api ?? "", lfs: this.dataset.lfs ?? "", branch: this.dataset.branch ?? "" };
  }

  /** @param {HTMLInputElement} input */
  #choose(input) {
    this.#add([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
    input.value = ""; // the same file can be chosen again, and the form itself sends nothing
  }

  /** @param {DragEvent} event */
  async #drop(event) {
    event.preventDefault();
    this.#part("drop").removeAttribute("data-over");
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
    for (const entry of entries) {
      this.#add(await filesOf(entry));
    }
  }

  /** @param {{ path: string, file: File }[]} files */
  #add(files) {
    const items = new Map(this.#items.map((item) => [item.name, item]));
    for (const { path, file } of files) {
      items.set(path, { name: path, path, file, state: "" });
    }

    this.#items = [...items.values()];
    this.#say("");
    this.#show();
  }

  /** @param {MouseEvent} event */
  #remove(event) {
    const name = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.name;
    if (name && !this.#running) {
      this.#items = this.#items.filter((item) => item.name !== name);
      this.#show();
    }
  }

  #show() {
    const total = this.#items.reduce((sum, item) => sum + item.file.size, 0);
    this.#part("list").replaceChildren(...this.#items.slice(0, ROWS).map((item) => this.#row(item)));
    this.#part("more").textContent = this.#items.length > ROWS ? `and ${(this.#items.length - ROWS).toLocaleString("en")} more` : "";
    this.#part("total").textContent = this.#items.length > 0 ? `${this.#items.length.toLocaleString("en")} ${this.#items.length === 1 ? "file" : "files"}, ${size(total)}` : "";
    this.#part("send").disabled = this.#items.length === 0 || this.#running !== null;
    this.#part("stop").hidden = this.#running === null;
  }

  /** @param {import("./upload-calls.js").Item} item */
  #row(item) {
    const row = this.#part("row").content.firstElementChild.cloneNode(true);
    row.querySelector("bdi").textContent = item.name;
    row.querySelector(".number").textContent = size(item.file.size);
    row.querySelector(".upload__state").textContent = item.state;
    const button = row.querySelector("button");
    button.dataset.name = item.name;
    button.setAttribute("aria-label", `Leave out ${item.name}`);
    button.hidden = this.#running !== null;
    return row;
  }

  async #start() {
    if (this.#running || this.#items.length === 0) {
      return;
    }

    this.#running = new AbortController();
    this.#part("phases").hidden = false;
    this.#say("");
    this.#show();
    try {
      await this.#run(this.#running.signal);
    } catch (failure) {
      const isStopped = failure instanceof DOMException && failure.name === "AbortError";
      this.#say(isStopped ? "Stopped. Nothing is committed; send again to go on." : `${failure instanceof UploadFailure ? failure.message : failure} Nothing is committed; send again to go on.`, !isStopped);
    } finally {
      this.#running = null;
      this.#show();
    }
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    const folder = this.#form.folder.value.trim().replace(/^\/+|\/+$/g, "");
    const items = this.#items.map((item) => Object.assign(item, { path: folder ? `${folder}/${item.name}` : item.name, state: "" }));
    await plan(this.#place, items, signal);
    await this.#hash(items, signal);
    await this.#upload(items.filter((item) => item.isLarge && !item.isSkipped), signal);
    const left = items.filter((item) => !item.isSkipped);
    if (left.length === 0) {
      this.#phase("commit", 1, "nothing to commit");
      this.#say("Everything is here already: nothing was committed.");
      return;
    }

    const summary = this.#form.summary.value.trim() || (left.length === 1 ? `Upload ${left[0].path}` : `Upload ${left.length} files`);
    const id = await commit(this.#place, left, summary, signal, (share) => this.#phase("commit", share * 0.9, "sending"));
    this.#phase("commit", 1, id.slice(0, 7));
    this.#items = [];
    this.#done(id);
  }

  /** @param {import("./upload-calls.js").Item[]} items @param {AbortSignal} signal */
  async #hash(items, signal) {
    const large = items.filter((item) => item.isLarge && !item.isSkipped);
    const total = large.reduce((sum, item) => sum + item.file.size, 0);
    let before = 0;
    const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
    try {
      for (const [id, item] of large.entries()) {
        item.digest ??= await this.#digest(worker, id, item.file, signal, (done) => this.#phase("hash", (before + done) / total, `${size(before + done)} of ${size(total)}`));
        before += item.file.size;
        item.isSkipped = item.digest === item.had;
      }
    } finally {
      worker.terminate();
    }

    for (const item of items.filter((one) => !one.isLarge && one.had && !one.isSkipped)) {
      item.isSkipped = (await gitId(item.file)) === item.had;
    }

    for (const item of items.filter((one) => one.isSkipped && !one.state)) {
      item.state = "unchanged: skipped";
    }

    this.#phase("hash", 1, total > 0 ? size(total) : "nothing large");
    this.#show();
  }

  /**
   * @param {Worker} worker @param {number} id @param {File} file @param {AbortSignal} signal @param {(done: number) => void} onDone
   * @returns {Promise<string>}
   */
  #digest(worker, id, file, signal, onDone) {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.onerror = () => reject(new UploadFailure("The browser cannot hash files.", false));
      worker.onmessage = ({ data }) => {
        if (data.id !== id) {
          return;
        }

        if (data.failure) {
          reject(new UploadFailure(`${file.name} cannot be read: ${data.failure}.`, false));
        } else if (data.digest) {
          resolve(data.digest);
        } else {
          onDone(data.done);
        }
      };
      worker.postMessage({ id, file });
    });
  }

  /** @param {import("./upload-calls.js").Item[]} large @param {AbortSignal} signal */
  async #upload(large, signal) {
    const actions = await missing(this.#place, large, signal);
    const sent = new Map();
    const total = [...actions.keys()].reduce((sum, item) => sum + item.file.size, 0);
    const here = large.length - actions.size;
    const tell = () => {
      const done = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
      this.#phase("upload", total > 0 ? done / total : 1, `${total > 0 ? `${size(done)} of ${size(total)}` : "nothing to send"}${here > 0 ? `; ${here} here already` : ""}`);
    };
    for (const item of large.filter((one) => !actions.has(one))) {
      item.state = "here already: not sent";
    }

    const queue = [...actions];
    const lane = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [item, action] = next;
        await sendBytes(item, action, signal, (bytes) => {
          sent.set(item, Math.min(bytes, item.file.size));
          tell();
        });
        sent.set(item, item.file.size);
        item.state = "uploaded";
        tell();
        this.#show();
      }
    };
    tell();
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    this.#show();
  }

  /** @param {"hash" | "upload" | "commit"} name @param {number} share @param {string} text */
  #phase(name, share, text) {
    const phase = this.#part(name);
    phase.querySelector("progress").value = share;
    phase.querySelector("span").textContent = text;
  }

  /** @param {string} text @param {boolean} [isBad] */
  #say(text, isBad) {
    const said = this.#part("said");
    said.textContent = text;
    said.toggleAttribute("data-bad", isBad === true);
  }

  /** @param {string} id */
  #done(id) {
    const link = document.createElement("a");
    link.href = `${this.dataset.home}/commit/${id}`;
    link.textContent = id.slice(0, 7);
    const files = document.createElement("a");
    files.href = this.dataset.tree ?? "";
    files.textContent = "See the files";
    this.#part("said").replaceChildren("Committed as ", link, ". ", files, ".");
    link.focus();
  }
}

customElements.define("upload-files", UploadFiles);
