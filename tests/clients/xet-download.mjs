// Downloads a file with @huggingface/hub, which fetches chunks by Xet where the server offers them: whole, one request after the
// other and several at once, and in slices. Prints what came of it as one JSON object.
// Environment: HUB (address), TOKEN, REPO (owner/name), FILE (path), SLICES (pairs a-b of bytes, the end exclusive, separated by commas).
import { createHash } from "node:crypto";
import { downloadFile, listFiles } from "@huggingface/hub";

const hubUrl = process.env.HUB;
const calls = new Set();
const counting = async (url, init) => {
  calls.add(`${init?.method ?? "GET"} ${new URL(url).pathname.replaceAll(/[0-9a-f]{64}/g, "*").replace(/[0-9a-f]{40}$/, "{commit}")}`);
  return fetch(url, init);
};
const here = { repo: { type: "model", name: process.env.REPO }, accessToken: process.env.TOKEN, hubUrl, path: process.env.FILE, fetch: counting };

async function digest(blob) {
  const hash = createHash("sha256");
  for await (const bytes of blob.stream()) hash.update(bytes);
  return hash.digest("hex");
}

const out = { whole: await digest(await downloadFile(here)), slices: [] };
out.serial = await digest(await downloadFile({ ...here, parallelDownloads: false }));
const blob = await downloadFile(here);
for (const slice of process.env.SLICES.split(",")) {
  const [start, end] = slice.split("-").map(Number);
  out.slices.push(await digest(blob.slice(start, end)));
}
out.calls = [...calls].sort();
out.plain = await digest(await downloadFile({ ...here, xet: false }));
for await (const file of listFiles({ ...here, path: undefined, recursive: true })) if (file.path === process.env.FILE) out.listed = file.xetHash;
console.log(JSON.stringify(out));
