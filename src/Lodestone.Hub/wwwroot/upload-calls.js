// What an upload says to the server: which files go where, the bytes of large ones, and the commit. By the session's cookie; the
// server accepts that from its own pages alone.

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1000;
const SAMPLE = 512;
const AT_ONCE = 100; // files in one question
const LFS = "application/vnd.git-lfs+json";

/**
 * @typedef {object} Place
 * @property {string} api Address of the repository's API.
 * @property {string} lfs Address of its large files.
 * @property {string} branch
 *
 * @typedef {object} Item A file to upload.
 * @property {string} name As it was chosen.
 * @property {string} path In the repository.
 * @property {File} file
 * @property {string} state What the person reads.
 * @property {boolean} [isLarge]
 * @property {string} [had] What the path holds now.
 * @property {string} [digest] SHA-256.
 * @property {boolean} [isSkipped] There is nothing to do for it.
 */

export class UploadFailure extends Error {
  /**
   * @param {string} message
   * @param {boolean} isPassing Asking again may succeed.
   */
  constructor(message, isPassing) {
    super(message);
    this.isPassing = isPassing;
  }
}

/**
 * One request, with the progress of its body. XMLHttpRequest, because fetch tells nothing about that.
 * @param {string} method
 * @param {string} url
 * @param {Blob | string} body
 * @param {{ type?: string, signal: AbortSignal, onSent?: (bytes: number) => void }} how
 * @returns {Promise<XMLHttpRequest>}
 */
function once(method, url, body, { type, signal, onSent }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    if (type) {
      request.setRequestHeader("Content-Type", type);
    }

    request.upload.addEventListener("progress", (event) => onSent?.(event.loaded));
    request.addEventListener("load", () => (request.status < 400 ? resolve(request) : reject(refusal(request))));
    request.addEventListener("error", () => reject(new UploadFailure("The server cannot be reached.", true)));
    request.addEventListener("abort", () => reject(new DOMException("Stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function refusal(request) {
  let said = request.getResponseHeader("X-Error-Message");
  try {
    const body = JSON.parse(request.responseText);
    said = body.error ?? body.message ?? said;
  } catch {
    // no JSON: the header or the status says it
  }

  const isPassing = request.status >= 500 || request.status === 429 || request.status === 408;
  return new UploadFailure(typeof said === "string" ? said : `The server answered ${request.status}.`, isPassing);
}

/** @type {(...call: Parameters<typeof once>) => Promise<XMLHttpRequest>} */
async function send(method, url, body, how) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(method, url, body, how);
    } catch (failure) {
      if (attempt === ATTEMPTS || !(failure instanceof UploadFailure && failure.isPassing)) {
        throw failure;
      }

      how.onSent?.(0);
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
      how.signal.throwIfAborted();
    }
  }
}

/** @param {Blob} blob */
function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",", 2)[1] ?? ""));
    reader.addEventListener("error", () => reject(new UploadFailure(`A file cannot be read: ${reader.error?.message}`, false)));
    reader.readAsDataURL(blob);
  });
}

/**
 * Asks where each file goes and what its path holds now.
 * @param {Place} place
 * @param {Item[]} items
 * @param {AbortSignal} signal
 */
export async function plan(place, items, signal) {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE);
    const files = await Promise.all(some.map(async (i) => ({ path: i.path, size: i.file.size, sample: await base64(i.file.slice(0, SAMPLE)) })));
    const url = `${place.api}/preupload/${encodeURIComponent(place.branch)}`;
    const answer = JSON.parse((await send("POST", url, JSON.stringify({ files }), { type: "application/json", signal })).responseText);
    for (const said of answer.files) {
      const item = some.find((i) => i.path === said.path);
      if (item) {
        item.isLarge = said.uploadMode === "lfs" && item.file.size > 0;
        item.had = said.oid;
        item.isSkipped = said.shouldIgnore;
        item.state = said.shouldIgnore ? "left out by .gitignore" : "";
      }
    }
  }
}

/**
 * Says which of the large files the repository lacks, and where their bytes go.
 * @param {Place} place
 * @param {Item[]} items
 * @param {AbortSignal} signal
 * @returns {Promise<Map<Item, any>>} The action for each that has to be sent.
 */
export async function missing(place, items, signal) {
  const actions = new Map();
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE);
    const body = JSON.stringify({
      operation: "upload",
      transfers: ["basic", "multipart"],
      objects: some.map((i) => ({ oid: i.digest, size: i.file.size })),
      hash_algo: "sha256",
    });
    const answer = JSON.parse((await send("POST", `${place.lfs}/objects/batch`, body, { type: LFS, signal })).responseText);
    for (const [i, said] of answer.objects.entries()) {
      if (said.error) {
        throw new UploadFailure(`${some[i].path}: ${said.error.message}`, false);
      }

      if (said.actions?.upload) {
        actions.set(some[i], said.actions.upload);
      }
    }
  }

  return actions;
}

/**
 * Sends the bytes of a large file: whole, or in parts. Parts that the server has from an earlier attempt it answers at once.
 * @param {Item} item
 * @param {any} action
 * @param {AbortSignal} signal
 * @param {(bytes: number) => void} onSent
 */
export async function sendBytes(item, action, signal, onSent) {
  const size = Number(action.header?.chunk_size);
  if (!size) {
    await send("PUT", action.href, item.file, { signal, onSent });
    return;
  }

  const parts = [];
  for (const [number, url] of Object.entries(action.header).filter(([key]) => /^\d+$/.test(key)).map(([key, value]) => /** @type {const} */ ([Number(key), String(value)])).sort(([a], [b]) => a - b)) {
    const start = (number - 1) * size;
    const answer = await send("PUT", url, item.file.slice(start, start + size), { signal, onSent: (bytes) => onSent(start + bytes) });
    parts.push({ partNumber: number, etag: answer.getResponseHeader("ETag") });
  }

  await send("POST", action.href, JSON.stringify({ oid: item.digest, parts }), { type: LFS, signal });
}

/**
 * Commits all files at once.
 * @param {Place} place
 * @param {Item[]} items
 * @param {string} summary
 * @param {AbortSignal} signal
 * @param {(share: number) => void} onShare From 0 to 1.
 * @returns {Promise<string>} The commit's id.
 */
export async function commit(place, items, summary, signal, onShare) {
  /** @type {BlobPart[]} */
  const lines = [`${JSON.stringify({ key: "header", value: { summary } })}\n`];
  for (const item of items) {
    const value = item.isLarge
      ? { key: "lfsFile", value: { path: item.path, algo: "sha256", oid: item.digest, size: item.file.size } }
      : { key: "file", value: { path: item.path, encoding: "base64", content: await base64(item.file) } };
    lines.push(new Blob([`${JSON.stringify(value)}\n`])); // a blob may lie on disk, a text may not
  }

  const body = new Blob(lines, { type: "application/x-ndjson" });
  const how = { type: "application/x-ndjson", signal, onSent: (/** @type {number} */ bytes) => onShare(bytes / body.size) };
  return JSON.parse((await once("POST", `${place.api}/commit/${encodeURIComponent(place.branch)}`, body, how)).responseText).commitOid;
}
