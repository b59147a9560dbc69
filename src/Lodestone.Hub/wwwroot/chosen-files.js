// Files that a person chose or dropped, and what git calls them.

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<{ path: string, file: File }[]>}
 */
export async function filesOf(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }

  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (some.length === 0) {
      return found;
    }

    for (const inner of some.filter((/** @type {FileSystemEntry} */ e) => e.name !== ".git")) {
      found.push(...(await filesOf(inner)));
    }
  }
}

/**
 * Git's name for a file's content; null where the browser hashes nothing, which is on plain http.
 * @param {File} file
 */
export async function gitId(file) {
  if (!crypto.subtle) {
    return null;
  }

  const bytes = await new Blob([`blob ${file.size}\0`, file]).arrayBuffer();
  return [...new Uint8Array(await crypto.subtle.digest("SHA-1", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
