// Cuts and hashes pieces of a file as the stock client's own package does, and prints what came of it as one JSON array.
// Environment: FILE, LENGTHS (JSON: how the file is divided), KEY (hex).
import { readFileSync } from "node:fs";
import { fileHash, getChunks, hashToHex, hmac, verificationHash, xorbHash } from "@huggingface/xetchunk-wasm";

const bytes = readFileSync(process.env.FILE);
const key = Buffer.from(process.env.KEY, "hex");
let start = 0;
console.log(JSON.stringify(JSON.parse(process.env.LENGTHS).map((length) => {
  const chunks = getChunks(bytes.subarray(start, start += length));
  return {
    chunks: chunks.map((chunk) => ({ hash: hashToHex(chunk.hash), length: chunk.length })),
    xorb: hashToHex(xorbHash(chunks)),
    file: hashToHex(fileHash(chunks)),
    verification: chunks.length > 0 ? hashToHex(verificationHash(chunks.map((chunk) => chunk.hash))) : null,
    keyed: chunks.map((chunk) => hashToHex(hmac(chunk.hash, key))),
  };
})));
