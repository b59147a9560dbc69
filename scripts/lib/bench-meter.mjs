// Batches are made before the clock runs, sent over a few connections, and a twentieth of them is sent again. Then single events come at
// a fixed rate whatever the answers take, and what is timed is from when each was due.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const [wanted, rate] = process.argv.slice(2).map(Number);
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const seed = JSON.parse(readFileSync(seedFile, "utf8"));
const operator = seed.users.find((user) => user.admin);
const token = operator.tokens[0].value;
const subject = seed.users[0].name;
const port = await freePort();
const home = mkdtempSync(join(tmpdir(), "lodestone-bench-meter-"));
const log = openSync(join(home, "log"), "a");
const database = process.env.LODESTONE_BENCH_DATABASE;
const server = spawn(
  process.env.LODESTONE_EXECUTABLE,
  ["serve", "--data", join(home, "data"), "--url", `http://127.0.0.1:${port}`, "--no-demo", "--seed", seedFile, ...(database ? ["--database", database] : [])],
  { stdio: ["ignore", log, log] },
);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const BATCH = 5000;
const AHEAD = 4;

function post(path, body) {
  return new Promise((resolve, reject) => {
    const call = request(
      { port, host: "127.0.0.1", method: "POST", path, agent, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "content-length": body.length } },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(parts) }));
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

const run = Date.now().toString(36);
const event = (id) => JSON.stringify({
  specversion: "1.0", id, source: "/bench/n1", type: "egress", subject, time: new Date().toISOString(), data: { namespace: "acme", bytes: 1234 + id.length, region: "eu-central" },
});

try {
  for (const end = Date.now() + 60_000; ; await new Promise((next) => setTimeout(next, 50))) {
    if (await fetch(`http://127.0.0.1:${port}/health/ready`).then((answer) => answer.ok, () => false)) break;
    assert.ok(Date.now() < end, "the server did not start");
  }

  const batches = Array.from({ length: Math.ceil(wanted / BATCH) }, (_, b) =>
    Buffer.from(`[${Array.from({ length: BATCH }, (_, i) => event(`${run}-${b}-${i}`)).join(",")}]`));
  const queue = batches.flatMap((batch, b) => (b % 20 === 19 ? [batch, batches[b - 7]] : [batch]));
  const counts = { accepted: 0, duplicate: 0 };
  const began = performance.now();
  await Promise.all(Array.from({ length: AHEAD }, async () => {
    for (let batch; (batch = queue.shift()); ) {
      const answer = await post("/api/v1/meter/events:batch", batch);
      assert.equal(answer.status, 200, answer.body.toString());
      const text = answer.body.toString("latin1");
      counts.accepted += text.split('"accepted"').length - 1;
      counts.duplicate += text.split('"duplicate"').length - 1;
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  assert.equal(counts.accepted, batches.length * BATCH);
  console.log(`batches: ${counts.accepted} new and ${counts.duplicate} known events in ${seconds.toFixed(1)} s, ${Math.round((counts.accepted + counts.duplicate) / seconds)} a second`);

  const times = [];
  const waits = [];
  const first = performance.now();
  for (let i = 0; i < rate * 10; i++) {
    const due = first + (i * 1000) / rate;
    while (performance.now() < due) await new Promise((next) => setImmediate(next));
    waits.push(post("/api/v1/meter/events", Buffer.from(event(`${run}-s-${i}`))).then((answer) => {
      assert.equal(answer.status, 200, answer.body.toString());
      times.push(performance.now() - due);
    }));
  }
  await Promise.all(waits);
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  console.log(`singles: ${times.length} at ${rate} a second, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`);
} finally {
  server.kill("SIGTERM");
  await new Promise((next) => server.once("exit", next));
  rmSync(home, { recursive: true });
}
