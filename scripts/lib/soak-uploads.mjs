// Uploads in parts, five at a time, each cycle cut by SIGKILL of the server. After it is back, the parts that it had acknowledged
// are sent as zeros: had it lost one, it would read them, and the digest would be wrong. Prints what became of the cycles.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const cycles = Number(process.argv[2]);
const partSize = 1024 * 1024;
const atOnce = 5;
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = JSON.parse(readFileSync(seedFile, "utf8")).users.find((user) => user.name === "mira").tokens[0].value;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(tmpdir(), "lodestone-soak-"));
const log = openSync(join(data, "log"), "a");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const authorization = `Bearer ${token}`;

let server;

async function start() {
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--no-demo", "--data", data, "--url", url, "--seed", seedFile], {
    stdio: ["ignore", log, log],
    env: { ...process.env, Hub__MultipartThreshold: String(partSize), Hub__PartSize: String(partSize) },
  });
  for (const end = Date.now() + 60_000; !(await fetch(`${url}/health/ready`).then((answer) => answer.ok, () => false));) {
    assert.ok(Date.now() < end && server.exitCode === null, `the server does not start:\n${readFileSync(join(data, "log"), "utf8")}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

function kill() {
  const gone = new Promise((done) => server.once("exit", done));
  server.kill("SIGKILL");
  return gone;
}

async function post(path, body) {
  const answer = await fetch(`${url}${path}`, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

const batch = async (oid, size) => (await post("/mira/soak.git/info/lfs/objects/batch", { operation: "upload", transfers: ["multipart", "basic"], objects: [{ oid, size }] })).objects[0].actions?.upload;

/** Sends parts until all are there or the server is not. Fills in the ETags of those that were acknowledged. */
async function send(upload, content, etags) {
  const numbers = Object.keys(upload.header).filter((key) => /^\d+$/.test(key)).map(Number);
  const next = numbers[Symbol.iterator]();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const number of next) {
      const bytes = content.subarray((number - 1) * partSize, number * partSize);
      const body = etags.has(number) ? Buffer.alloc(bytes.length) : bytes;
      const answer = await fetch(upload.header[String(number).padStart(5, "0")], { method: "PUT", body });
      assert.equal(answer.status, 200, await answer.text());
      etags.set(number, answer.headers.get("etag"));
    }
  }));
}

const complete = (upload, oid, etags) => fetch(upload.href, {
  method: "POST",
  headers: { "content-type": "application/vnd.git-lfs+json" },
  body: JSON.stringify({ oid, parts: [...etags].map(([partNumber, etag]) => ({ partNumber, etag })) }),
});

const out = { cycles, cutInParts: 0, cutInCompletion: 0, notCut: 0, partsKept: 0, partsInAll: 0 };
const files = new Map();
const cutAtTheEnd = new Set(); // killed after the file was there and before its parts were forgotten: those go as abandoned uploads do
try {
  await start();
  await post("/api/repos/create", { name: "soak" });
  for (let cycle = 0; cycle < cycles; cycle++) {
    const content = randomBytes(partSize * (4 + (cycle % 20)) + 1 + cycle);
    const oid = sha256(content);
    const etags = new Map();
    const killed = new Promise((done) => setTimeout(() => done(kill()), Math.random() * 25 * (4 + (cycle % 20))));
    const ended = await (async () => {
      const upload = await batch(oid, content.length);
      await send(upload, content, etags);
      assert.equal((await complete(upload, oid, etags)).status, 200);
      return "whole";
    })().catch((error) => error);
    assert.ok(ended === "whole" || ended instanceof TypeError, ended); // what fetch throws when the other side is gone
    await killed;
    const parts = Math.ceil(content.length / partSize);
    out[ended === "whole" ? "notCut" : etags.size === parts ? "cutInCompletion" : "cutInParts"]++;
    out.partsKept += etags.size;
    out.partsInAll += parts;

    await start();
    const upload = await batch(oid, content.length);
    assert.ok(upload || etags.size === parts, "a file is there that was not sent");
    if (!upload && ended !== "whole") {
      cutAtTheEnd.add(oid);
    }

    if (upload) {
      assert.notEqual(ended, "whole", "an acknowledged file is lost");
      await send(upload, content, etags);
      const answer = await complete(upload, oid, etags);
      assert.equal(answer.status, 200, `after a kill with ${ended}: ${await answer.text()}`);
    }

    const line = (key, value) => JSON.stringify({ key, value });
    const committed = await fetch(`${url}/api/models/mira/soak/commit/main`, {
      method: "POST",
      headers: { authorization, "content-type": "application/x-ndjson" },
      body: [line("header", { summary: `Add ${cycle}` }), line("lfsFile", { path: `${cycle}.bin`, algo: "sha256", oid, size: content.length })].join("\n"),
    });
    assert.ok(committed.ok, await committed.text());
    files.set(`${cycle}.bin`, oid);
  }

  for (const [path, oid] of files) {
    const answer = await fetch(`${url}/mira/soak/resolve/main/${path}`);
    assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), oid, `${path} is not what was sent`);
  }

  const left = readdirSync(join(data, "blobs", "incoming"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const others = left.map((entry) => entry.name).filter((name) => ![...cutAtTheEnd].some((oid) => name.includes(oid)));
  assert.deepEqual(others, [], "files are left behind");
  console.log(JSON.stringify(out));
} finally {
  server.kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
}
