// Starts a server and measures the hub's everyday acts from outside, over one kept connection. What a call costs in the server is
// given as the difference to the cheapest call there is, made by turns with it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const rounds = Number(process.argv[2]);
const warmUp = 300; // calls before any is measured: until then the runtime is compiling what they pass through
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = JSON.parse(readFileSync(seedFile, "utf8")).users.find((user) => user.name === "mira").tokens[0].value;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "lodestone-bench-"));
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor(values.length * q)];
const ms = (values, q = 0.5) => `${quantile(values, q).toFixed(2)} ms`;
const report = (what, text) => console.log(`${what.padEnd(44)} ${text}`);

/** One call: its milliseconds and its body. */
const call = (method, path, body) => new Promise((done, failed) => {
  const startedAt = performance.now();
  const sent = request({ host: "127.0.0.1", port, agent, method, path, headers: { authorization: `Bearer ${token}`, "content-type": path.includes("/commit/") ? "application/x-ndjson" : "application/json" } }, (answer) => {
    const parts = [];
    answer.on("data", (part) => parts.push(part));
    answer.on("end", () => {
      const text = Buffer.concat(parts).toString();
      return answer.statusCode < 400 ? done({ took: performance.now() - startedAt, text }) : failed(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
    });
  });
  sent.on("error", failed);
  sent.end(body);
});

const line = (key, value) => `${JSON.stringify({ key, value })}\n`;
const file = (path, text) => line("file", { path, content: Buffer.from(text).toString("base64"), encoding: "base64" });
const commit = (repo, files) => call("POST", `/api/models/${repo}/commit/main`, line("header", { summary: "Change files" }) + files.join(""));
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) / 1024;

/** What this disk takes to make a few bytes durable. */
function syncing() {
  const times = [];
  const handle = openSync(join(data, "sync-probe"), "w");
  for (let i = 0; i < rounds; i++) {
    writeSync(handle, "x".repeat(4096));
    const startedAt = performance.now();
    fdatasyncSync(handle);
    times.push(performance.now() - startedAt);
  }
  closeSync(handle);
  return times;
}

async function commits(name, pathOf) {
  const repo = `mira/${name}`;
  await call("POST", "/api/repos/create", JSON.stringify({ name, organization: "mira" }));
  await commit(repo, Array.from({ length: 10_000 }, (_, i) => file(pathOf(i), `file ${i}\n`)));
  const times = [];
  for (let i = -warmUp; i < rounds; i++) {
    const { took } = await commit(repo, [file(pathOf(Math.floor(Math.random() * 10_000)), `changed ${i}\n`)]);
    if (i >= 0) times.push(took);
  }
  return times;
}

async function against(cheapest, path, method = "GET") {
  const [base, times] = [[], []];
  for (let i = -warmUp; i < rounds * 5; i++) {
    const pair = [(await call("GET", cheapest)).took, (await call(method, path)).took];
    if (i >= 0) [base, times].forEach((list, at) => list.push(pair[at]));
  }
  return `${ms(times)}, of which ${(quantile(times, 0.5) - quantile(base, 0.5)).toFixed(3)} ms more than /health/live (p95 ${ms(times, 0.95)})`;
}

const git = (...args) => execFileSync("git", args, { stdio: ["pipe", "ignore", "pipe"], env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" } });

function clones(repo) {
  const id = JSON.parse(execFileSync("curl", ["-s", `${url}/api/models/${repo}`]).toString())._id;
  const bare = join(data, "repositories", readdirSync(join(data, "repositories"), { recursive: true }).find((path) => path.replaceAll("-", "").includes(id) && !path.includes("/objects") && path.endsWith(".git")) ?? "");
  const [ours, plain] = [[], []];
  for (let i = -warmUp / 3; i < 30; i++) {
    for (const [list, from] of [[ours, `${url}/${repo}`], [plain, `file://${bare}`]]) {
      const to = join(data, "clone");
      const startedAt = performance.now();
      git("clone", "--quiet", "--bare", from, to);
      if (i >= 0) list.push(performance.now() - startedAt);
      rmSync(to, { recursive: true });
    }
  }
  return `${ms(ours)}, bare upload-pack ${ms(plain)}: ${(quantile(ours, 0.5) / quantile(plain, 0.5)).toFixed(2)} times`;
}

/** A hundred thousand files in one folder, made by git and pushed. */
async function manyFiles() {
  const work = join(data, "many");
  git("init", "--quiet", "--bare", work);
  const content = ["commit refs/heads/main", "committer Mira <mira@example.org> 1767225600 +0000", "data 9", "Add files"];
  for (let i = 0; i < 100_000; i++) {
    const text = `row ${i}`;
    content.push(`M 644 inline files/${String(i).padStart(6, "0")}.txt`, `data ${text.length}`, text);
  }
  execFileSync("git", ["-C", work, "fast-import", "--quiet"], { input: `${content.join("\n")}\n` });
  await call("POST", "/api/repos/create", JSON.stringify({ name: "many", organization: "mira" }));
  const startedAt = performance.now();
  git("-C", work, "-c", "http.postBuffer=1048576", "push", "--quiet", "--force", `http://mira:${token}@127.0.0.1:${port}/mira/many`, "main:filled");
  report("push of 100,000 files", `${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  const before = memory();
  const first = [];
  for (let i = 0; i < Math.min(rounds, 40); i++) first.push((await call("GET", "/api/models/mira/many/tree/filled/files?limit=1000")).took);
  report("100,000 files: first page of the tree", `p50 ${ms(first)}, p95 ${ms(first, 0.95)}`);
  const begin = performance.now();
  let seen = 0;
  for (let path = "/api/models/mira/many/tree/filled?recursive=true&limit=1000"; path; ) {
    const { text, next } = await page(path);
    seen += JSON.parse(text).length;
    path = next;
  }
  report(`the whole tree, ${seen} entries by pages`, `${((performance.now() - begin) / 1000).toFixed(1)} s`);
  report("the server's memory before and after", `${before.toFixed(0)} and ${memory().toFixed(0)} MB`);
}

async function page(path) {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  const next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
  return { text: await answer.text(), next: next && next.slice(new URL(next).origin.length) };
}

const log = openSync(join(data, "log"), "a");
const server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", data, "--url", url, "--seed", seedFile, "--no-demo"], { stdio: ["ignore", log, log] });
try {
  for (const end = Date.now() + 60_000; !(await fetch(`${url}/health/ready`).then((answer) => answer.ok, () => false)); ) {
    assert.ok(Date.now() < end, "the server did not start");
    await new Promise((next) => setTimeout(next, 50));
  }

  report("one sync of this disk", `${ms(syncing())} (p95 ${ms(syncing(), 0.95)})`);
  const nested = await commits("nested", (i) => `folder-${String(Math.floor(i / 100)).padStart(2, "0")}/file-${String(i % 100).padStart(2, "0")}.txt`);
  report("commit of one file into 100 × 100", `${ms(nested)} (p95 ${ms(nested, 0.95)})`);
  const flat = await commits("flat", (i) => `file-${String(i).padStart(4, "0")}.txt`);
  report("commit of one file into a flat 10,000", `${ms(flat)} (p95 ${ms(flat, 0.95)})`);
  await call("POST", "/api/repos/create", JSON.stringify({ name: "small", organization: "mira" }));
  await commit("mira/small", Array.from({ length: 20 }, (_, i) => file(`file-${i}.txt`, `file ${i}\n`)));
  report("resolve, small repository", await against("/health/live", "/mira/small/resolve/main/file-7.txt"));
  report("resolve by HEAD, small repository", await against("/health/live", "/mira/small/resolve/main/file-7.txt", "HEAD"));
  report("resolve, flat 10,000", await against("/health/live", "/mira/flat/resolve/main/file-7007.txt"));
  report("clone of a small repository", clones("mira/small"));
  await manyFiles();
} catch (failure) {
  console.error(readFileSync(join(data, "log"), "utf8").split("\n").filter((text) => / (fail|crit): /.test(text)).slice(-20).join("\n"));
  throw failure;
} finally {
  server.kill();
  await new Promise((next) => server.once("exit", next));
  rmSync(data, { recursive: true, force: true });
}
