// Starts a server and an nginx that has the same file, and moves bytes by turns. Prints rates, CPU seconds per GiB, and ratios.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const [rounds, mebibytes, seconds] = process.argv.slice(2).map(Number);
const size = mebibytes * 1024 * 1024;
const gib = size / 1024 ** 3;
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const user = JSON.parse(readFileSync(seedFile, "utf8")).users.find((one) => one.name === "mira");
const port = await freePort();
const [ours, theirs] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
const data = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "lodestone-bench-"));
const file = join(data, "weights.bin");
const headers = { authorization: `Bearer ${user.tokens[0].value}`, "content-type": "application/json" };
const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU seconds that processes have used: fields 14 and 15 of /proc/PID/stat, counted behind the name, which may have spaces. */
const cpu = (pids) => pids.map((pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" "))
  .reduce((sum, stat) => sum + (Number(stat[11]) + Number(stat[12])) / ticks, 0);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const run = (program, args) => execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 });
const post = async (path, body) => {
  const answer = await fetch(`${ours}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};

async function until(condition) {
  for (const end = Date.now() + 60_000; !(await condition().catch(() => false)); await new Promise((next) => setTimeout(next, 50))) {
    assert.ok(Date.now() < end, "waited too long");
  }
}

/** A file of random bytes; another first block makes it another file. */
function fill() {
  const out = openSync(file, "w");
  const block = randomBytes(1 << 24);
  for (let at = 0; at < size; at += block.length) writeSync(out, block, 0, Math.min(block.length, size - at));
  ftruncateSync(out, size);
  closeSync(out);
}

function change() {
  const out = openSync(file, "r+");
  writeSync(out, randomBytes(4096), 0, 4096, 0);
  closeSync(out);
  return run("sha256sum", [file]).slice(0, 64);
}

const batch = async (operation, oid) => (await post("/mira/bench.git/info/lfs/objects/batch", { operation, objects: [{ oid, size }] })).objects[0].actions[operation].href;

/** One whole upload; the answer comes when the bytes are hashed and synced. */
async function upload() {
  const oid = change();
  const href = await batch("upload", oid);
  const [before, startedAt] = [cpu(server.pids), performance.now()];
  run("curl", ["-sSf", "-T", file, "-o", "/dev/null", href]);
  return { oid, rate: size / 1e6 / ((performance.now() - startedAt) / 1000), cpu: (cpu(server.pids) - before) / gib };
}

function download(place) {
  const before = cpu(place.pids);
  const bytesPerSecond = Number(run("curl", ["-sSf", "-o", "/dev/null", "-w", "%{speed_download}", place.url]));
  return { rate: bytesPerSecond / 1e6, cpu: (cpu(place.pids) - before) / gib };
}

function ranges(place) {
  const before = cpu(place.pids);
  const said = run("wrk", ["-t1", "-c16", `-d${seconds}s`, "-s", join(data, "ranges.lua"), place.url]);
  assert.doesNotMatch(said, /Non-2xx|Socket errors/, said);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]);
  return { rate, cpu: ((cpu(place.pids) - before) / (rate * seconds)) * 1e6 };
}

function startNginx() {
  writeFileSync(join(data, "nginx.conf"), `
    worker_processes auto; pid ${data}/nginx.pid; error_log ${data}/nginx.log; daemon off;
    events { worker_connections 1024; }
    http {
      access_log off; sendfile on; tcp_nopush off; keepalive_requests 100000000; default_type application/octet-stream;
      server { listen 127.0.0.1:${port + 1}; root ${data}; }
    }`);
  return spawn("nginx", ["-c", join(data, "nginx.conf"), "-p", data], { stdio: "ignore" });
}

function report(name, unit, measured, least, most, perWhat) {
  const nginx = { rate: median(measured.nginx.map((m) => m.rate)), cpu: median(measured.nginx.map((m) => m.cpu)) };
  console.log(`\n${name}${" ".repeat(Math.max(1, 30 - name.length))}${unit.padStart(10)}  ${perWhat}`);
  for (const [who, all] of Object.entries(measured)) {
    const [rate, used] = [median(all.map((m) => m.rate)), median(all.map((m) => m.cpu))];
    const ratios = who === "nginx" ? "" : `   ${(rate / nginx.rate).toFixed(2)} of nginx (wanted ${least}), CPU ${(used / nginx.cpu).toFixed(2)} times${most ? ` (wanted ${most})` : ""}`;
    console.log(`  ${who.padEnd(28)}${rate.toFixed(0).padStart(10)}  ${used.toFixed(2).padStart(8)}${ratios}`);
  }
}

const log = openSync(join(data, "log"), "a");
const server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--no-demo", "--data", data, "--url", ours, "--seed", seedFile], { stdio: ["ignore", log, log] });
server.pids = [server.pid];
const nginx = startNginx();
try {
  chmodSync(data, 0o755); // nginx reads as a user of its own
  fill();
  await until(async () => (await fetch(`${ours}/health/ready`)).ok);
  await post("/api/repos/create", { name: "bench" });
  const uploads = [];
  for (let round = 0; round < rounds; round++) uploads.push(await upload());
  const { oid } = uploads.at(-1);
  const lines = [{ key: "header", value: { summary: "Add weights" } }, { key: "lfsFile", value: { path: "weights.bin", algo: "sha256", oid, size } }];
  const committed = await fetch(`${ours}/api/models/mira/bench/commit/main`, { method: "POST", headers: { ...headers, "content-type": "application/x-ndjson" }, body: lines.map((line) => JSON.stringify(line)).join("\n") });
  assert.ok(committed.ok, await committed.text());
  writeFileSync(join(data, "ranges.lua"), `
    local blocks = ${Math.floor(size / 65536)}
    request = function()
      local at = math.random(0, blocks - 1) * 65536
      return wrk.format("GET", nil, { ["Range"] = string.format("bytes=%d-%d", at, at + 65535) })
    end`);
  const workers = run("pgrep", ["-P", String(nginx.pid)]).trim().split("\n").map(Number);
  const places = {
    nginx: { url: `${theirs}/weights.bin`, pids: workers },
    "lodestone, resolve": { url: `${ours}/mira/bench/resolve/main/weights.bin`, pids: server.pids },
    "lodestone, signed link": { url: await batch("download", oid), pids: server.pids },
  };
  const [whole, parts] = [{}, {}];
  // What was counted of earlier reads is written down in the background: that is not part of the next measurement.
  const settled = async () => {
    for (let before = -1; before !== (before = cpu(server.pids)); ) await new Promise((next) => setTimeout(next, 300));
  };
  for (let round = -1; round < rounds; round++) {
    for (const [who, place] of Object.entries(places)) {
      await settled();
      const [one, some] = [download(place), ranges(place)];
      if (round >= 0) {
        (whole[who] ??= []).push(one);
        (parts[who] ??= []).push(some);
      }
    }
  }

  console.log(`${rounds} rounds by turns, medians; ${mebibytes} MiB`);
  report("downloads", "MB/s", whole, "0.95", "1.6", "CPU s/GiB");
  report("64 KiB ranges, 16 at a time", "requests/s", parts, "0.80", null, "CPU µs each");
  console.log(`\nuploads by Git LFS            ${median(uploads.map((u) => u.rate)).toFixed(0).padStart(10)} MB/s, ${median(uploads.map((u) => u.cpu)).toFixed(2)} CPU s/GiB with SHA-256 and sync (wanted 1.6)`);
} finally {
  server.kill();
  nginx.kill();
  rmSync(data, { recursive: true, force: true });
}
