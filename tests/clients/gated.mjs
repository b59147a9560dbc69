// Reads a gated repository with each of several tokens, and prints what came of it.
// Environment: HUB (address), REPO (owner/name), TOKENS (JSON: token by name; an empty one is nobody's).
import { checkRepoAccess, downloadFile, fileDownloadInfo, listFiles, modelInfo } from "@huggingface/hub";

const hubUrl = process.env.HUB;
const repo = { type: "model", name: process.env.REPO };
const said = (promise) => promise.then((value) => value ?? "done", (error) => `${error.statusCode ?? error.name}: ${error.message.split(". ")[0]}`);
const out = {};
for (const [name, token] of Object.entries(JSON.parse(process.env.TOKENS))) {
  const here = { hubUrl, repo, ...(token && { accessToken: token }) };
  out[name] = {
    access: await said(checkRepoAccess(here)),
    gated: await said(modelInfo({ ...here, name: repo.name }).then((info) => info.gated)),
    files: await said((async () => { const paths = []; for await (const file of listFiles(here)) paths.push(file.path); return paths.join(" "); })()),
    info: await said(fileDownloadInfo({ ...here, path: "model.safetensors" }).then((info) => info?.size)),
    text: await said(downloadFile({ ...here, path: "a.txt" }).then(async (file) => file === null ? null : await file.text())),
  };
}
console.log(JSON.stringify(out));
