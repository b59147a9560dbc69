// Uploads a file in parts with @huggingface/hub, loses the connection on the way, comes back, and prints what came of it as one
// JSON object. Environment: HUB (address), TOKEN, REPO (owner/name).
import { createHash, randomBytes } from "node:crypto";
import { downloadFile, uploadFile } from "@huggingface/hub";

const hubUrl = process.env.HUB;
const here = { repo: { type: "model", name: process.env.REPO }, accessToken: process.env.TOKEN, hubUrl };
const content = randomBytes(2_500_000);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const file = { path: "weights/model.safetensors", content: new Blob([content]) };
const out = { sha256: sha256(content), parts: new Set(), etags: new Set() };

let sent = 0;
const counting = (limit) => async (url, options) => {
  const isPart = options?.method === "PUT";
  if (isPart && ++sent > limit) throw new Error("The line is down");
  const answer = await fetch(url, options);
  if (isPart) {
    out.parts.add(new URL(url).pathname.split("/").at(-1));
    out.etags.add(answer.headers.get("ETag"));
  }
  return answer;
};

out.first = await uploadFile({ ...here, file, useXet: false, fetch: counting(4) }).then(() => "done", (error) => error.message);
sent = 0;
out.second = (await uploadFile({ ...here, file, useXet: false, fetch: counting(Infinity) })).commit.oid.length;
out.puts = sent;
const back = await downloadFile({ ...here, path: file.path });
out.isSame = sha256(Buffer.from(await back.arrayBuffer())) === out.sha256;
console.log(JSON.stringify({ ...out, parts: out.parts.size, etags: out.etags.size }));
