// A port on which nothing listens. Below those that the system gives to outgoing connections, so that it is still free when a
// server that was killed comes back to it. Run by itself, prints one.
import { createServer } from "node:net";

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) {
      return port;
    }
  }
}

if (import.meta.filename === process.argv[1]) {
  console.log(await freePort());
}
