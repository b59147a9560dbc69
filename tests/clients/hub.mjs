// Does what a person does with @huggingface/hub, and prints what came of it as one JSON object.
// Environment: HUB (address), TOKEN, REPO (owner/name).
import { createHash, randomBytes } from "node:crypto";
import {
  commit, commitIter, countCommits, createRepo, deleteFile, deleteRepo, downloadFile, fileDownloadInfo, fileExists,
  listCommits, listFiles, listModels, modelInfo, pathsInfo, repoExists, uploadFile, uploadFiles, whoAmI,
} from "@huggingface/hub";

const hubUrl = process.env.HUB;
const accessToken = process.env.TOKEN;
const repo = { type: "model", name: process.env.REPO };
const here = { repo, accessToken, hubUrl };
const all = async (iterator) => { const items = []; for await (const item of iterator) items.push(item); return items; };
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const out = {};

out.me = (await whoAmI({ accessToken, hubUrl })).name;
out.existsBefore = await repoExists(here);
out.created = await createRepo({ ...here, private: false, license: "mit", files: [{ path: "hello.txt", content: new Blob(["hello"]) }] });
out.existsAfter = await repoExists(here);
out.createdTwice = await createRepo(here).then(() => "made", (error) => error.statusCode);

const large = randomBytes(3_000_000);
await uploadFile({ ...here, file: { path: "model.safetensors", content: new Blob([large]) }, commitTitle: "Add weights" });
const done = await uploadFiles({
  ...here,
  files: [
    { path: "README.md", content: new Blob(["---\nlicense: mit\ntags: [compass]\npipeline_tag: text-generation\n---\n# Compass\n"]) },
    { path: "data/æ ø 1.txt", content: new Blob(["text with spaces"]) },
    { path: "config.json", content: new Blob(['{"architectures":["LlamaForCausalLM"],"model_type":"llama"}']) },
  ],
  commitTitle: "Add files",
});
out.commit = done.commit.oid;
out.same = (await uploadFile({ ...here, file: { path: "model.safetensors", content: new Blob([large]) } })).commit.oid.length;

const back = await downloadFile({ ...here, path: "model.safetensors" });
out.largeIsSame = sha256(Buffer.from(await back.arrayBuffer())) === sha256(large);
out.part = Buffer.from(await (await downloadFile({ ...here, path: "model.safetensors" })).slice(10, 20).arrayBuffer()).equals(large.subarray(10, 20));
out.text = await (await downloadFile({ ...here, path: "data/æ ø 1.txt" })).text();
out.missing = await downloadFile({ ...here, path: "missing.txt" });
out.rawPointer = (await (await downloadFile({ ...here, path: "model.safetensors", raw: true })).text()).split("\n")[0];
out.downloadInfo = await fileDownloadInfo({ ...here, path: "model.safetensors" }).then((info) => ({ size: info.size, etag: info.etag.replaceAll('"', "") === sha256(large) }));
out.fileExists = [await fileExists({ ...here, path: "hello.txt" }), await fileExists({ ...here, path: "nothing" })];
out.files = (await all(listFiles({ ...here, recursive: true }))).map((file) => `${file.type} ${file.path}`);
out.lastCommit = (await all(listFiles({ ...here, recursive: true, expand: true }))).find((file) => file.path === "model.safetensors").lastCommit.title;
out.pathsInfo = (await pathsInfo({ ...here, paths: ["hello.txt", "nothing", "data"] })).map((file) => `${file.type} ${file.path}`);
out.commits = (await all(listCommits(here))).map((entry) => `${entry.title} by ${entry.authors[0].username}`);
out.commitCount = await countCommits(here);
out.info = await modelInfo({ ...here, name: repo.name, additionalFields: ["tags", "sha", "cardData", "library_name"] }).then(({ id, ...info }) => info);
out.found = (await all(listModels({ search: { query: repo.name.split("/")[1], tags: ["compass"] }, accessToken, hubUrl }))).map((model) => model.name);
await deleteFile({ ...here, path: "hello.txt" });
await commit({ ...here, title: "Rename", operations: [{ operation: "delete", path: "config.json" }, { operation: "addOrUpdate", path: "other.json", content: new Blob(["{}"]) }] });
out.afterDelete = (await all(listFiles({ ...here, recursive: true }))).map((file) => file.path);
out.stale = await commit({ ...here, title: "Late", parentCommit: done.commit.oid, operations: [{ operation: "delete", path: "other.json" }] }).then(() => "done", (error) => error.statusCode);
out.wrongToken = await whoAmI({ accessToken: "hf_wrong", hubUrl }).then(() => "in", (error) => error.statusCode);
if (process.env.KEEP !== "1") {
  await deleteRepo(here);
  out.existsAtEnd = await repoExists(here);
}
console.log(JSON.stringify(out));
