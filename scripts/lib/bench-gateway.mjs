// Starts a server with the demo model and makes the same streamed call by turns: to the worker over its socket, and through the
// gateway over TCP with key, prices and books. Prints the time from sending to the first text, and to the end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const calls = Number(process.argv[2]);
const warmUp = 100;
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = JSON.parse(readFileSync(seedFile, "utf8")).users.find((user) => user.name === "theo").tokens[0].value;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(tmpdir(), "lodestone-bench-"));
const model = "lodestone/compass-3m-chat";
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const body = JSON.stringify({ model, stream: true, max_tokens: 8, temperature: 0, messages: [{ role: "user", content: "What is a compass?" }] });

/** Milliseconds to the first text and to the end of one call. */
const time = (target) => new Promise((done, failed) => {
  const startedAt = performance.now();
  let first;
  let seen = "";
  const call = request({ ...target, agent: target.agent, method: "POST", path: "/v1/chat/completions" }, (answer) => {
    answer.on("data", (part) => {
      seen += part;
      first ??= /"content":"[^"]/.test(seen) ? performance.now() - startedAt : undefined;
    });
    answer.on("end", () => (first && seen.includes("[DONE]") ? done({ first, end: performance.now() - startedAt }) : failed(new Error(seen))));
  });
  call.setHeader("content-type", "application/json");
  call.setHeader("content-length", Buffer.byteLength(body));
  call.setHeader("authorization", `Bearer ${token}`);
  call.on("error", failed);
  call.end(body);
});

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor(values.length * q)];
const row = (name, times) => console.log([
  name.padEnd(18),
  ...["first", "end"].flatMap((what) => [0.5, 0.95].map((q) => quantile(times.map((t) => t[what]), q).toFixed(3).padStart(9))),
].join(" "));

async function until(condition) {
  for (const end = Date.now() + 60_000; !(await condition().catch(() => false)); await new Promise((next) => setTimeout(next, 50))) {
    assert.ok(Date.now() < end, "waited too long");
  }
}

const log = openSync(join(data, "log"), "a");
const server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", data, "--url", url, "--seed", seedFile], {
  stdio: ["ignore", log, log],
  env: { ...process.env, TMPDIR: data, Billing__FreePerDay: "1000" },
});
try {
  await until(async () => (await (await fetch(`${url}/v1/models`)).json()).data.some((served) => served.id === model));
  const gateway = { host: "127.0.0.1", port, agent };
  await until(() => time(gateway));
  const folder = readdirSync(data).find((name) => name.startsWith("lodestone-"));
  const worker = { socketPath: join(data, folder, readdirSync(join(data, folder)).find((name) => name.endsWith(".sock"))), agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  const direct = [];
  const through = [];
  for (let i = -warmUp; i < calls; i++) {
    const pair = [await time(worker), await time(gateway)];
    if (i >= 0) {
      direct.push(pair[0]);
      through.push(pair[1]);
    }
  }

  console.log(`${calls} calls each, by turns, one at a time; milliseconds`);
  console.log(`${" ".repeat(18)}  first p50 first p95   end p50   end p95`);
  row("worker", direct);
  row("gateway", through);
  const added = quantile(through.map((t) => t.first), 0.5) - quantile(direct.map((t) => t.first), 0.5);
  console.log(`added to the first token at p50: ${added.toFixed(3)} ms (${(quantile(through.map((t) => t.first), 0.5) / quantile(direct.map((t) => t.first), 0.5)).toFixed(2)} times)`);
} finally {
  server.kill();
  rmSync(data, { recursive: true, force: true });
}
