// Hashes files beside the page, so that the page stays quick. Takes { id, file }; tells { id, done } as it goes and { id, digest } at the end.

import { Sha256 } from "./sha256.js";

const PIECE = 4 * 1024 * 1024;

self.addEventListener("message", async (event) => {
  const { id, file } = event.data;
  try {
    const sha = new Sha256();
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
      sha.update(piece);
      self.postMessage({ id, done: at + piece.length });
    }

    self.postMessage({ id, digest: sha.digest() });
  } catch (failure) {
    self.postMessage({ id, failure: String(failure) });
  }
});
