// Uploads files of many sizes with @huggingface/hub, which sends them by Xet where the server takes that, and prints what it did.
// Environment: HUB (address), TOKEN, REPO (owner/name), SIZES (bytes, separated by commas), SEED; OTHER (token that may not).
import { createHash } from "node:crypto";
import { createRepo, uploadFiles } from "@huggingface/hub";

const hubUrl = process.env.HUB;
const repo = { type: "model", name: process.env.REPO };
const calls = [];
let sent = 0;
const counting = async (url, init) => {
  calls.push(`${init?.method ?? "GET"} ${new URL(url).pathname.replace(/[0-9a-f]{64}/, "*")}`);
  if (/\/xorbs\//.test(url)) sent += init.body.byteLength;
  return fetch(url, init);
};
const upload = (accessToken, files) => uploadFiles({ repo, hubUrl, accessToken, files, fetch: counting });
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The same bytes for the same seed; no two chunks alike, and nothing to compress. */
function bytesOf(count, seed) {
  const words = new Uint32Array(Math.ceil(count / 4));
  for (let i = 0, x = seed | 1; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, count);
}

const sizes = process.env.SIZES.split(",").map(Number);
const contents = sizes.map((size, i) => [`file-${size}.bin`, bytesOf(size, Number(process.env.SEED) + i * 7919)]);
await createRepo({ repo, hubUrl, accessToken: process.env.TOKEN }).catch(() => {}); // it may be there
await upload(process.env.TOKEN, contents.map(([path, bytes]) => ({ path, content: new Blob([bytes]) })));
const out = { files: contents.map(([path, bytes]) => [path, sha256(bytes)]), calls: [...new Set(calls)].sort(), sent };

// A second version of the last: a piece of it changed, one put in, one taken out.
const last = contents.at(-1)[1];
const at = (part) => Math.floor(last.length * part);
const changed = new Blob([last.subarray(0, at(0.2)), "changed", last.subarray(at(0.2) + 7, at(0.5)), "put in between", last.subarray(at(0.5), at(0.8)), last.subarray(at(0.8) + 5)]);
sent = 0;
await upload(process.env.TOKEN, [{ path: "second.bin", content: changed }]);
out.files.push(["second.bin", sha256(Buffer.from(await changed.arrayBuffer()))]);
out.sentForSecond = sent;
out.refused = await upload(process.env.OTHER, [{ path: "other.bin", content: new Blob([bytesOf(1000, 5)]) }]).then(() => "done", (error) => error.statusCode);
console.log(JSON.stringify(out));
